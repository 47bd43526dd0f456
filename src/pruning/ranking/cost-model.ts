import type { Graph, Node, Value } from '../../graph/graph.ts';
import { type CostOptions, type LayerCost, layerCosts } from '../../measure/macs.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { Channels } from '../coupling/channels.ts';
import type { Found, Slicing } from '../coupling/scope.ts';
import { placesAlong, survivors } from '../coupling/survivors.ts';

/** What a network costs. */
export interface Cost {
  /** For one image. */
  readonly macs: number;
  readonly parameters: number;
}

/** Costs of a coupled network without some of its classes, without cutting it. */
export interface CostModel {
  readonly whole: Cost;
  without(removed: ReadonlySet<number>): Cost;
}

/**
 * A layer's MACs are its weight's elements times the positions that they meet, so they shrink as the weight does; where
 * both factors are computed (attention), as the elements of the left one times the columns of the right one.
 */
export function costModel(graph: Graph, found: Found, options: CostOptions = {}): CostModel {
  const named = new Map(graph.nodes.map((node) => [node.name || node.outputs[0]?.name, node]));
  const slicings = slicingsByValue(found);
  const layers = layerCosts(graph, options).flatMap((cost) => {
    const node = named.get(cost.name);
    return node ? [sized(cost, { node, slicings, found })] : [];
  });
  const without = (removed: ReadonlySet<number>): Cost => {
    const stays = survivors(found, removed);
    let [macs, parameters] = [0, 0];
    for (const layer of layers) {
      macs += layer.macs * layer.factors.reduce((product, factor) => product * factor(stays), 1);
      for (const parameter of layer.parameters)
        parameters +=
          parameter.count * parameter.factors.reduce((product, factor) => product * factor(stays), 1);
    }
    return { macs: Math.round(macs), parameters: Math.round(parameters) };
  };
  return { whole: without(new Set()), without };
}

/** The part of something that is left. */
type Factor = (stays: Uint8Array) => number;

interface Sized {
  readonly macs: number;
  readonly factors: readonly Factor[];
  readonly parameters: readonly { readonly count: number; readonly factors: readonly Factor[] }[];
}

interface Place {
  readonly node: Node;
  readonly slicings: ReadonlyMap<Value, readonly Slicing[]>;
  readonly found: Found;
}

function sized(cost: LayerCost, { node, slicings, found }: Place): Sized {
  const own = node.inputs.flatMap((value) => (value?.tensor?.dtype === 'float32' ? [value] : []));
  const partOf = (value: Value): Factor[] =>
    (slicings.get(value) ?? []).flatMap(({ channels }) =>
      channels.axes.map((axis) => alongAxis(channels, axis)),
    );
  const [largest] = [...own].sort((a, b) => elementCount(b.tensor!.shape) - elementCount(a.tensor!.shape));
  const all = own.reduce((sum, { tensor }) => sum + elementCount(tensor!.shape), 0);
  return {
    macs: cost.macs,
    factors: largest ? partOf(largest) : product(node, found),
    // Running statistics are among the inputs, but not among the parameters that are counted.
    parameters: own.map((value) => ({
      count: (cost.parameters * elementCount(value.tensor!.shape)) / all,
      factors: partOf(value),
    })),
  };
}

/** a·b, both computed: what is left of a, and of the columns of b. */
function product({ inputs: [a, b] }: Node, { carried }: Found): Factor[] {
  const left = a && carried.get(a);
  const right = b && carried.get(b);
  const columns = (b?.shape?.length ?? 0) - 1;
  return [
    ...(left ? left.axes.map((axis) => alongAxis(left, axis)) : []),
    ...(right?.axes.includes(columns) ? [alongAxis(right, columns)] : []),
  ];
}

/** The part of the places along an axis at which anything stays. */
function alongAxis(channels: Channels, axis: number): Factor {
  const size = channels.sizes[channels.axes.indexOf(axis)]!;
  return (stays) => placesAlong(channels, axis, stays).length / size;
}

function slicingsByValue({ slicings }: Found): Map<Value, Slicing[]> {
  const byValue = new Map<Value, Slicing[]>();
  for (const slicing of slicings) {
    const known = byValue.get(slicing.value);
    if (known) known.push(slicing);
    else byValue.set(slicing.value, [slicing]);
  }
  return byValue;
}
