import { type ChannelStatistics, channelStatistics } from '../../calibration/channel-statistics.ts';
import type { ProbeContext } from '../../calibration/probe.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';
import { floats } from '../../numeric/tensor.ts';
import { separateUniform } from '../../rewrite/index.ts';

/**
 * The same function with the statistics that its normalisations really have: μ and σ² over the calibration images in place
 * of those that are stored, m and v, with γ′ = γ·√((σ² + ε)/(v + ε)) and β′ = β + γ·(μ − m)/√(v + ε). Training normalises by
 * its batches, and would otherwise start from another function than the one that was reconstructed.
 */
export async function adoptStatistics(network: Graph, context: ProbeContext): Promise<Graph> {
  const graph = separateUniform(network);
  const nodes = graph.nodes.filter(isConstant);
  if (nodes.length === 0) return graph;
  const inputs = nodes.map((node) => node.inputs[0]!);
  const statistics = await channelStatistics(graph, inputs, context);
  for (const own of sharingParameters(nodes)) {
    adopt(
      own[0]!,
      own.map((node) => statistics[nodes.indexOf(node)]!),
    );
  }
  return graph;
}

/** Nodes that share their parameters, together: they have the mean of the statistics of all their uses. */
function sharingParameters(nodes: readonly Node[]): Node[][] {
  const groups = new Map<unknown, Node[]>();
  for (const node of nodes) {
    const known = node.inputs.slice(1).flatMap((value) => groups.get(value) ?? []);
    const group = [...new Set(known), node];
    for (const member of group) for (const value of member.inputs.slice(1)) groups.set(value, group);
  }
  return [...new Set(groups.values())];
}

const average = (vectors: readonly Float64Array[]): Float64Array =>
  vectors[0]!.map((_, c) => vectors.reduce((sum, vector) => sum + vector[c]!, 0) / vectors.length);

const isConstant = (node: Node): boolean =>
  isOperator(node, 'BatchNormalization') &&
  node.inputs.slice(1).every((value) => value?.tensor?.dtype === 'float32');

function adopt(node: Node, statistics: readonly ChannelStatistics[]): void {
  const mean = average(statistics.map((each) => each.mean));
  const variance = average(statistics.map((each) => each.variance));
  const { epsilon } = attributesOf(node, 'BatchNormalization');
  const parameter = (at: number) => node.inputs[at]!.tensor!.data as Float32Array;
  const [scale, shift, oldMean, oldVariance] = [parameter(1), parameter(2), parameter(3), parameter(4)];
  const factors = scale.map((gamma, c) => gamma / Math.sqrt(oldVariance[c]! + epsilon));
  const next = [
    Float32Array.from(factors, (factor, c) => factor * Math.sqrt(variance[c]! + epsilon)),
    Float32Array.from(shift, (beta, c) => beta + factors[c]! * (mean[c]! - oldMean[c]!)),
    Float32Array.from(mean),
    Float32Array.from(variance),
  ];
  next.forEach((data, at) => {
    node.inputs[at + 1]!.tensor = floats([data.length], data);
  });
}
