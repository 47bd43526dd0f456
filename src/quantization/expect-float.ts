import { EspalierError } from '../errors.ts';
import { type Graph, nodeLabel } from '../graph/graph.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import { isIntegerArithmetic, isQuantized } from './operators.ts';

/** Throws `unsupported` for a network of 8-bit integers if `work` needs floating-point weights, before anything is done. */
export function expectFloatWeights(graph: Graph, work: string, name: string): void {
  const node = graph.nodes.find(isQuantized);
  if (!node) return;
  const message = `${work} needs a float network, found ${nodeLabel(node)}: use the float model, and quantise the result`;
  throw new EspalierError('unsupported', message, { where: name });
}

/** Throws `unsupported` for a network whose layers all compute on integers: channels cannot be followed through them. */
export function expectLayersOfNumbers({ nodes }: Graph, name: string): void {
  const node = nodes.find(isIntegerArithmetic);
  if (!node || nodes.some((other) => traitsOf(other).linear)) return;
  const message = `${nodeLabel(node)} computes on integers: prune the float model, or one with QuantizeLinear and DequantizeLinear pairs`;
  throw new EspalierError('unsupported', message, { where: name });
}
