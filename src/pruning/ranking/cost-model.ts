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

/** Predicts the costs of a coupled network without some of its channel sets, without cutting it. */
export interface CostModel {
  readonly whole: NetworkCost;
  without(removed: ReadonlySet<number>): NetworkCost;
  /** The MACs of each layer that has any, by its name. */
  layersWithout(removed: ReadonlySet<number>): ReadonlyMap<string, number>;
}

export interface CostModelOptions extends CostOptions {
  /** Whether the layer of a node's name counts. Default: all do. */
  readonly counts?: (layer: string) => boolean;
}

/**
 * The MACs of a layer are the number of its weights times the positions they are applied to, so they shrink in proportion to
 * the weight. If both factors are computed (attention), they are the elements of the left one times the columns of the right
 * one.
 */
export function costModel(
  graph: Graph,
  found: ChannelCoupling,
  { counts = () => true, ...options }: CostModelOptions = {},
): CostModel {
  const named = new Map(graph.nodes.map((node) => [nodeName(node), node]));
  const slicings = slicingsByValue(found.slicings);
  const layers = layerCosts(graph, options).flatMap(({ name, macs }) => {
    const node = named.get(name);
    return node && macs > 0 && counts(name)
      ? [{ name, macs, factors: layerFactors({ node, slicings, found }) }]
      : [];
  });
  const parameters = parameterCounts(graph, slicings, counts);
  const macsIn = ({ macs, factors }: (typeof layers)[number], stays: Uint8Array): number =>
    macs * product(factors, stays);
  const without = (removed: ReadonlySet<number>): NetworkCost => {
    const stays = survivors(found, removed);
    return {
      macs: Math.round(layers.reduce((sum, layer) => sum + macsIn(layer, stays), 0)),
      parameters: Math.round(parameters.reduce((sum, count) => sum + count(stays), 0)),
    };
  };
  const layersWithout = (removed: ReadonlySet<number>) => {
    const stays = survivors(found, removed);
    return new Map(layers.map((layer) => [layer.name, Math.round(macsIn(layer, stays))]));
  };
  return { whole: without(new Set()), without, layersWithout };
}

/** The remaining fraction of something. */
type Factor = (stays: Uint8Array) => number;

/** The remaining number of something. */
type Count = Factor;

const product = (factors: readonly Factor[], stays: Uint8Array): number =>
  factors.reduce((all, factor) => all * factor(stays), 1);

interface CostContext {
  readonly node: Node;
  readonly slicings: ReadonlyMap<Value, readonly ParameterSlicing[]>;
  readonly found: ChannelCoupling;
}

/** The remaining fractions of the factors of a layer's MACs. */
function layerFactors({ node, slicings, found }: CostContext): Factor[] {
  const own = node.inputs.flatMap((value) => (value?.tensor?.dtype === 'float32' ? [value] : []));
  const [largest] = own.sort((a, b) => elementCount(b.tensor!.shape) - elementCount(a.tensor!.shape));
  if (!largest) return computedFactors(node, found);
  return factorsOf((slicings.get(largest) ?? []).filter((slicing) => slicing.node === node));
}

/** One factor per axis: all uses of a parameter have the same remaining fraction. */
function factorsOf(slicings: readonly ParameterSlicing[]): Factor[] {
  const byAxis = new Map(
    slicings.flatMap(({ channels }) =>
      channels.axes.map((axis) => [axis, alongAxis(channels, axis)] as const),
    ),
  );
  return [...byAxis.values()];
}

/** The remaining elements of each learned parameter; a shared one counts once. */
function parameterCounts(
  graph: Graph,
  slicings: ReadonlyMap<Value, readonly ParameterSlicing[]>,
  counts: (layer: string) => boolean,
): Count[] {
  const { uses } = connections(graph);
  const decoded = new Map(
    graph.nodes
      .filter((node) => isOperator(node, 'DequantizeLinear'))
      .map((node) => [inputsOf(node, 'DequantizeLinear').x, onlyOutput(node)]),
  );
  const learned = [...learnedParameters(graph)].flatMap(([node, own]) => (counts(nodeName(node)) ? own : []));
  return learned.map((value): Count => {
    const own = slicings.get(decoded.get(value) ?? value) ?? [];
    const size = elementCount(value.tensor!.shape);
    const readers = new Set((uses.get(value) ?? []).map(({ node }) => node));
    if (own.length === 0 || readers.size < 2 || !canBeDivided(own)) {
      const factors = factorsOf(own);
      return (stays) => size * product(factors, stays);
    }
    // A parameter whose uses are cut to different sizes becomes one parameter per use.
    const uncut = [...readers].some((node) => own.every((slicing) => slicing.node !== node));
    return (stays) => {
      const sizes = new Set(own.map((slicing) => size * product(factorsOf([slicing]), stays)));
      if (uncut) sizes.add(size);
      return [...sizes].reduce((all, each) => all + each, 0);
    };
  });
}

/** a·b, both computed: the remaining fraction of a, and of the columns of b. */
function computedFactors({ inputs: [a, b] }: Node, { carried }: ChannelCoupling): Factor[] {
  const left = a && carried.get(a);
  const right = b && carried.get(b);
  const columns = (b?.shape?.length ?? 0) - 1;
  return [
    ...(left ? left.axes.map((axis) => alongAxis(left, axis)) : []),
    ...(right?.axes.includes(columns) ? [alongAxis(right, columns)] : []),
  ];
}

/** A cache of fractions, by the kept channel sets and the labels of a value, which all values of a layer share. */
const counted = new WeakMap<Uint8Array, Map<Int32Array, Map<string, number>>>();

/** The fraction of indices along an axis that have a kept channel. */
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
