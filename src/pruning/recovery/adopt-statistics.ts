import { cloneGraph } from '../../graph/clone.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import { floats } from '../../numeric/tensor.ts';
import type { Viewing } from '../observe.ts';
import { unshareParameters } from '../unshare.ts';
import { type ChannelStatistics, channelStatistics } from './channel-statistics.ts';

/**
 * The same function with the statistics that its normalisations really have: μ and σ² over the calibration images in place
 * of those that are stored, m and v, with γ′ = γ·√((σ² + ε)/(v + ε)) and β′ = β + γ·(μ − m)/√(v + ε). Training normalises by
 * its batches, and would otherwise start from another function than the one that was reconstructed.
 */
export async function adoptStatistics(network: Graph, viewing: Viewing): Promise<Graph> {
  const graph = cloneGraph(network);
  unshareParameters(graph);
  const nodes = graph.nodes.filter(isConstant);
  if (nodes.length === 0) return graph;
  const inputs = nodes.map((node) => node.inputs[0]!);
  const statistics = await channelStatistics(graph, inputs, viewing);
  nodes.forEach((node, i) => {
    adopt(node, statistics[i]!);
  });
  return graph;
}

const isConstant = ({ op, domain, inputs }: Node): boolean =>
  op === 'BatchNormalization' &&
  domain === '' &&
  inputs.slice(1).every((value) => value?.tensor?.dtype === 'float32');

function adopt(node: Node, { mean, variance }: ChannelStatistics): void {
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
