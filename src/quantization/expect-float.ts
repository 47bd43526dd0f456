import { EspalierError } from '../errors.ts';
import { type Graph, nodeLabel } from '../graph/graph.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import { isIntegerArithmetic, isQuantized } from './operators.ts';

/** Throws `unsupported` at a network of 8-bit integers, where `work` needs weights in float: before any of it is done. */
export function expectFloatWeights(graph: Graph, work: string, name: string): void {
  const node = graph.nodes.find(isQuantized);
  if (!node) return;
  const message = `${work} needs a float network, found ${nodeLabel(node)}: use the float model, and quantise the result`;
  throw new EspalierError('unsupported', message, { where: name });
}

/** Throws `unsupported` at a network whose layers all compute on integers themselves: none has channels that can be followed. */
export function expectLayersOfNumbers({ nodes }: Graph, name: string): void {
  const node = nodes.find(isIntegerArithmetic);
  if (!node || nodes.some((other) => traitsOf(other).linear)) return;
  const message = `${nodeLabel(node)} computes on integers: prune the float model, or one with QuantizeLinear and DequantizeLinear pairs`;
  throw new EspalierError('unsupported', message, { where: name });
}
