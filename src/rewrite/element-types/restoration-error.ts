import type { Graph } from '../../graph/graph.ts';
import type { Executor } from '../../runtime/executor.ts';
import { toleranceOf } from '../compare.ts';
import { verifyEquivalent } from '../verify.ts';
import type { Float32Form } from './to-float32.ts';
import { signatureOf, withSignature } from './with-signature.ts';

/**
 * The error of a network in the element types of its file against its float32 form, relative to the largest output; null if
 * both are equal. Throws `verification` if the error is larger than rounding explains.
 */
export async function restorationError(
  graph: Graph,
  { elementType, restore }: Float32Form,
  executor: Executor,
): Promise<number | null> {
  if (elementType === 'float32') return null;
  const restored = withSignature(restore(graph), signatureOf(graph));
  return (await verifyEquivalent(graph, restored, { executor, tolerance: toleranceOf(elementType) })).error;
}
