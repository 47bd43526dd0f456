import { isRefusal, type Refusal, type Refused, refuse, refusedAt } from '../../graph/edit/refused.ts';
import { type Graph, type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { isOneOf, isOperator } from '../../graph/operators/index.ts';
import { type Connections, connections } from '../../graph/topology.ts';
import { type LinearLayer, linearLayer } from './linear-layer.ts';

/** A layer that lost inputs or reads changed values, and the same layer in the original. */
export interface Refit {
  readonly name: string;
  readonly layer: LinearLayer;
  readonly original: LinearLayer;
  /** The remaining filters, by their index in the original. */
  readonly kept: readonly number[];
}

/** The kept filters of each layer, by the name of its output; layers without entry keep all. */
export type KeptFilters = ReadonlyMap<string, readonly number[]>;

/** Maximum number of unknowns: solving for more takes minutes. */
const MOST_UNKNOWNS = 2400;

/**
 * The layers of a pruned network with fewer inputs than in the original, and those behind them, whose inputs have changed; in
 * topological order.
 */
export function findRefits(original: Graph, pruned: Graph, keptFilters: KeptFilters) {
  const before = new Map(original.nodes.map((node) => [node.outputs[0]?.name, node]));
  const { producer, uses } = connections(pruned);
  const refits: Refit[] = [];
  const skipped: Refused[] = [];
  const changed = new Set<Value>();
  for (const node of pruned.nodes) {
    const layer = linearLayer(node);
    const source = before.get(node.outputs[0]?.name);
    const was = source ? linearLayer(source) : null;
    const isChanged = node.inputs.some((input) => input && changed.has(input)) || hasLostInputs(layer, was);
    if (!isChanged) continue;
    for (const output of node.outputs) if (output) changed.add(output);
    if (layer === null || was === null) continue;
    const kept = remainingChannels(node, { keptFilters, producer });
    const found = refitOf(sharedWeight(layer, uses) ?? layer, was, kept);
    if (isRefusal(found)) skipped.push(refusedAt(node, found));
    else refits.push({ name: nodeLabel(node), ...found });
  }
  return { refits, skipped };
}

/** Why a layer cannot be fitted: other layers read its weight, and one fit would undo the other's. */
function sharedWeight(layer: LayerOrRefusal, uses: Connections['uses']): Refusal | null {
  if (isRefusal(layer)) return null;
  const other = uses.get(layer.weight)?.find(({ node }) => node !== layer.node);
  if (!other) return null;
  const reader = other.node ? nodeLabel(other.node) : 'an output of the network';
  return refuse('shared', `${layer.weight.name} is shared with ${reader}`);
}

type LayerOrRefusal = LinearLayer | Refusal;

function hasLostInputs(layer: LayerOrRefusal | null, original: LayerOrRefusal | null): boolean {
  if (layer === null || original === null || isRefusal(layer) || isRefusal(original)) return false;
  return layer.groups * layer.columns < original.groups * original.columns;
}

/** The refit of a layer, or why there is none. */
function refitOf(
  layer: LayerOrRefusal,
  original: LayerOrRefusal,
  kept: readonly number[] | null,
): Omit<Refit, 'name'> | Refusal {
  if (isRefusal(layer)) return layer;
  if (isRefusal(original)) return original;
  if (layer.columns > MOST_UNKNOWNS) {
    return refuse(
      'too-costly',
      `expected at most ${MOST_UNKNOWNS} inputs per filter, found ${layer.columns}`,
    );
  }
  const filters = kept ?? (layer.filters === original.filters ? [...Array(layer.filters).keys()] : null);
  if (filters?.length !== layer.filters)
    return refuse('mismatch', 'the indices of its remaining filters are not known');
  return { layer, original, kept: filters };
}

interface KeptChannels {
  readonly keptFilters: KeptFilters;
  readonly producer: ReadonlyMap<Value, Node>;
}

/** The kept channels of a node's output: a depthwise convolution, for example, keeps what the layer before it keeps. */
export function remainingChannels(
  node: Node,
  { keptFilters, producer }: KeptChannels,
): readonly number[] | null {
  let value = node.outputs[0];
  while (value) {
    const kept = keptFilters.get(value.name);
    const source = producer.get(value);
    if (kept || !source || !passesOn(source)) return kept ?? null;
    value = source.inputs[0];
  }
  return null;
}

const isChannelwise = isOneOf(
  'BatchNormalization',
  'Relu',
  'Clip',
  'LeakyRelu',
  'PRelu',
  'HardSwish',
  'Add',
  'MaxPool',
  'AveragePool',
);

function passesOn(node: Node): boolean {
  const layer = isOperator(node, 'Conv') ? linearLayer(node) : null;
  if (layer && !isRefusal(layer)) {
    return layer.groups > 1 && layer.filters === layer.groups && layer.weight.tensor.shape[1] === 1;
  }
  return isChannelwise(node);
}
