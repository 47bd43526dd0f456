import { type ChannelStatistics, channelStatistics } from '../../calibration/channel-statistics.ts';
import type { ProbeContext } from '../../calibration/probe.ts';
import { type Graph, type Node, requiredInput, type Value } from '../../graph/graph.ts';
import { attributesOf, inputsOf, isOperator } from '../../graph/operators/index.ts';
import { average } from '../../numeric/statistics.ts';
import { float32Data, floats } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { separateUniform } from '../../rewrite/index.ts';

/**
 * Rewrites normalisations with their actual statistics, without changing the function: μ and σ² over the calibration images
 * replace the stored m and v, with γ′ = γ·√((σ² + ε)/(v + ε)) and β′ = β + γ·(μ − m)/√(v + ε). Training normalises by batch
 * statistics, and would otherwise start from a different function than the one that was reconstructed.
 */
export async function adoptStatistics(network: Graph, context: ProbeContext): Promise<Graph> {
  const graph = separateUniform(network);
  const nodes = graph.nodes.filter(isConstant).map((node) => ({ node, value: requiredInput(node, 0) }));
  if (nodes.length === 0) return graph;
  for (const own of sharingParameters(await channelStatistics(graph, nodes, context))) adopt(own);
  return graph;
}

/** A normalisation with the statistics of its input. */
interface NodeStatistics extends ChannelStatistics {
  readonly node: Node;
}

/** Groups nodes that share their parameters: they get the mean of the statistics of all their uses. */
function sharingParameters(nodes: readonly NodeStatistics[]): NodeStatistics[][] {
  const groups = new Map<unknown, NodeStatistics[]>();
  for (const observed of nodes) {
    const known = observed.node.inputs.slice(1).flatMap((value) => groups.get(value) ?? []);
    const group = [...new Set(known), observed];
    for (const { node } of group) for (const value of node.inputs.slice(1)) groups.set(value, group);
  }
  return [...new Set(groups.values())];
}

const isConstant = (node: Node): boolean =>
  isOperator(node, 'BatchNormalization') &&
  node.inputs.slice(1).every((value) => value?.tensor?.dtype === 'float32');

function adopt(sharing: readonly NodeStatistics[]): void {
  const [first] = sharing;
  if (!first) return;
  const { scale, bias, mean, variance } = inputsOf(first.node, 'BatchNormalization');
  const { epsilon } = attributesOf(first.node, 'BatchNormalization');
  const newMean = average(sharing.map((each) => each.mean));
  const newVariance = average(sharing.map((each) => each.variance));
  const stored = ({ tensor }: Value) => float32Data(tensor);
  const affine = zip(stored(scale), stored(bias), stored(mean), stored(variance), newMean, newVariance).map(
    ([gamma, beta, m, v, mu, square]) => {
      const factor = gamma / Math.sqrt(v + epsilon);
      return { scale: factor * Math.sqrt(square + epsilon), shift: beta + factor * (mu - m) };
    },
  );
  const vector = (data: ArrayLike<number>) => floats([data.length], data);
  scale.tensor = vector(affine.map((channel) => channel.scale));
  bias.tensor = vector(affine.map((channel) => channel.shift));
  mean.tensor = vector(newMean);
  variance.tensor = vector(newVariance);
}
