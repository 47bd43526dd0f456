import type { Channels } from '../../channels/coupling/channels.ts';
import type { ChannelCoupling, ParameterSlicing } from '../../channels/coupling/scope.ts';
import { canBeDivided, slicingsByValue } from '../../channels/coupling/shared-parameters.ts';
import { placesAlong, survivors } from '../../channels/coupling/survivors.ts';
import { type Graph, type Node, nodeName, onlyOutput, type Value } from '../../graph/graph.ts';
import { inputsOf, isOperator } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { type CostOptions, layerCosts, type NetworkCost } from '../../measure/macs.ts';
import { learnedParameters } from '../../measure/parameters.ts';
import { elementCount } from '../../numeric/tensor.ts';

/** Costs of a coupled network without some of its channel sets, without cutting it. */
export interface CostModel {
  readonly whole: NetworkCost;
  without(removed: ReadonlySet<number>): NetworkCost;
}

/**
 * A layer's MACs are its weight's elements times the positions that they meet, so they shrink as the weight does; where
 * both factors are computed (attention), as the elements of the left one times the columns of the right one.
 */
export function costModel(graph: Graph, found: ChannelCoupling, options: CostOptions = {}): CostModel {
  const named = new Map(graph.nodes.map((node) => [nodeName(node), node]));
  const slicings = slicingsByValue(found.slicings);
  const layers = layerCosts(graph, options).flatMap(({ name, macs }) => {
    const node = named.get(name);
    return node && macs > 0 ? [{ macs, factors: layerFactors({ node, slicings, found }) }] : [];
  });
  const parameters = parameterCounts(graph, slicings);
  const without = (removed: ReadonlySet<number>): NetworkCost => {
    const stays = survivors(found, removed);
    const sum = (counts: readonly Count[]) => counts.reduce((all, count) => all + count(stays), 0);
    const macs = layers.map(
      ({ macs, factors }): Count =>
        (left) =>
          macs * product(factors, left),
    );
    return { macs: Math.round(sum(macs)), parameters: Math.round(sum(parameters)) };
  };
  return { whole: without(new Set()), without };
}

/** The part of something that is left. */
type Factor = (stays: Uint8Array) => number;

/** What is left of a number. */
type Count = Factor;

const product = (factors: readonly Factor[], stays: Uint8Array): number =>
  factors.reduce((all, factor) => all * factor(stays), 1);

interface CostContext {
  readonly node: Node;
  readonly slicings: ReadonlyMap<Value, readonly ParameterSlicing[]>;
  readonly found: ChannelCoupling;
}

/** The parts that are left of what a layer multiplies. */
function layerFactors({ node, slicings, found }: CostContext): Factor[] {
  const own = node.inputs.flatMap((value) => (value?.tensor?.dtype === 'float32' ? [value] : []));
  const [largest] = own.sort((a, b) => elementCount(b.tensor!.shape) - elementCount(a.tensor!.shape));
  if (!largest) return computedFactors(node, found);
  return factorsOf((slicings.get(largest) ?? []).filter((slicing) => slicing.node === node));
}

/** One factor an axis: uses of a parameter agree on what is left. */
function factorsOf(slicings: readonly ParameterSlicing[]): Factor[] {
  const byAxis = new Map(
    slicings.flatMap(({ channels }) =>
      channels.axes.map((axis) => [axis, alongAxis(channels, axis)] as const),
    ),
  );
  return [...byAxis.values()];
}

/** The elements that are left of each learned parameter; one that is shared counts once. */
function parameterCounts(graph: Graph, slicings: ReadonlyMap<Value, readonly ParameterSlicing[]>): Count[] {
  const { uses } = connections(graph);
  const decoded = new Map(
    graph.nodes
      .filter((node) => isOperator(node, 'DequantizeLinear'))
      .map((node) => [inputsOf(node, 'DequantizeLinear').x, onlyOutput(node)]),
  );
  return [...learnedParameters(graph).values()].flat().map((value): Count => {
    const own = slicings.get(decoded.get(value) ?? value) ?? [];
    const size = elementCount(value.tensor!.shape);
    const readers = new Set((uses.get(value) ?? []).map(({ node }) => node));
    if (own.length === 0 || readers.size < 2 || !canBeDivided(own)) {
      const factors = factorsOf(own);
      return (stays) => size * product(factors, stays);
    }
    // Uses that are cut to different sizes have a parameter each.
    const uncut = [...readers].some((node) => own.every((slicing) => slicing.node !== node));
    return (stays) => {
      const sizes = new Set(own.map((slicing) => size * product(factorsOf([slicing]), stays)));
      if (uncut) sizes.add(size);
      return [...sizes].reduce((all, each) => all + each, 0);
    };
  });
}

/** a·b, both computed: what is left of a, and of the columns of b. */
function computedFactors({ inputs: [a, b] }: Node, { carried }: ChannelCoupling): Factor[] {
  const left = a && carried.get(a);
  const right = b && carried.get(b);
  const columns = (b?.shape?.length ?? 0) - 1;
  return [
    ...(left ? left.axes.map((axis) => alongAxis(left, axis)) : []),
    ...(right?.axes.includes(columns) ? [alongAxis(right, columns)] : []),
  ];
}

/** Parts that were counted already, by what stays and the labels of a value: values of one layer share them. */
const counted = new WeakMap<Uint8Array, Map<Int32Array, Map<string, number>>>();

/** The part of the places along an axis at which anything stays. */
function alongAxis(channels: Channels, axis: number): Factor {
  const { sizes, axes, labels } = channels;
  const at = axes.indexOf(axis);
  const size = sizes[at]!;
  const place = `${at} of ${sizes.join()}`;
  return (stays) => {
    const byLabels = counted.get(stays) ?? new Map<Int32Array, Map<string, number>>();
    counted.set(stays, byLabels);
    const parts = byLabels.get(labels) ?? new Map<string, number>();
    byLabels.set(labels, parts);
    const part = parts.get(place) ?? placesAlong(channels, axis, stays).length / size;
    parts.set(place, part);
    return part;
  };
}
