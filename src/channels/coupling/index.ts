import { type Graph, type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { callOf } from '../../graph/operators/call.ts';
import { knownOperator, type OperatorName, type StandardOperatorName } from '../../graph/operators/index.ts';
import { type Connections, capturedValues, connections } from '../../graph/topology.ts';
import { channelInputs } from './channel-inputs.ts';
import type { Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import type { CouplingRule } from './rule.ts';
import { couplings } from './rules.ts';
import { type ChannelCoupling, type CouplingScope, openCoupling } from './scope.ts';
import { joinSharedParameters } from './shared-parameters.ts';

/**
 * Follows the channels of every layer through a graph with inferred shapes and constant weights: finds which channels can
 * only be removed together, which parameters are sliced with them, and which channels are pinned, and why. One pass, linear
 * in nodes and channels.
 */
export function couple(graph: Graph): ChannelCoupling {
  const scope = openCoupling();
  const { carried } = scope;
  const links = connections(graph);
  for (const node of graph.nodes) {
    const channels = node.inputs.map((value) => (value && carried.get(value)) ?? null);
    for (const value of capturedValues(node)) {
      scope.pin(carried.get(value) ?? null, `it is read in a subgraph of ${nodeLabel(node)}`);
    }
    const results = outputChannels({ node, channels, links }, scope);
    node.outputs.forEach((value, i) => {
      const result = results[i];
      if (value && result) carried.set(value, result);
    });
  }
  joinSharedParameters(scope.slicings, links, scope);
  for (const value of graph.outputs) scope.pin(carried.get(value) ?? null, 'it is an output of the network');
  return scope;
}

/** Maximum number of positions along an axis that are tracked: each has a label. */
const MOST_POSITIONS = 2 ** 21;

const isLong = (value: Value | null): boolean =>
  !!value?.shape?.some((size) => typeof size === 'number' && size > MOST_POSITIONS);

interface CoupledNode {
  readonly node: Node;
  readonly channels: readonly (Channels | null)[];
  readonly links: Connections;
}

/** The channels of a node's outputs; inputs of an operator without rule are pinned. */
function outputChannels(
  { node, channels, links }: CoupledNode,
  scope: CouplingScope,
): readonly (Channels | null)[] {
  const op = knownOperator(node);
  const rules: Partial<Record<OperatorName, unknown>> = couplings;
  const rule = op && (rules[op] as CouplingRule<OperatorName> | undefined);
  const { inputs, outputs } = node;
  if (!op || !rule) return stay({ node, channels }, scope);
  const shapeless = [...inputs, ...outputs].find((value) => value && !value.shape && !value.otherType);
  if (shapeless)
    return stay(
      { node, channels },
      scope,
      `it is combined with ${shapeless.name}, of unknown shape, in ${nodeLabel(node)}`,
    );
  const followed = channelInputs[op as StandardOperatorName] ?? 'all';
  channels.forEach((carried, index) => {
    if (followed !== 'all' && !followed.includes(index))
      scope.pin(carried, `it is read as positions or parameters by ${nodeLabel(node)}`);
  });
  const long = channels.some((carried) => carried) && outputs.some(isLong);
  if (long)
    return stay({ node, channels }, scope, `it has too many elements to follow in ${nodeLabel(node)}`);
  const readers = () =>
    outputs.flatMap((value) => (value && links.uses.get(value)) ?? []).flatMap((use) => use.node ?? []);
  const ownProducer = (index: number) => {
    const input = inputs[index];
    return (input && links.uses.get(input)?.length === 1 && links.producer.get(input)) || null;
  };
  return rule({ ...callOf(node, op), channels, readers, ownProducer }, scope);
}
