import type { Graph } from '../graph/graph.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type PlainFormOptions, type PlainNetwork, plainForm } from './removal.ts';

/** Options of {@link removeResiduals}. */
export interface RemoveResidualsOptions extends Omit<PlainFormOptions, 'executor'> {
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

/**
 * {@link plainForm} in onnxruntime, unless another executor is given.
 *
 * @example
 * const { graph, converted, refusals } = await removeResiduals(readModelFile('resnet56.onnx'));
 */
export async function removeResiduals(
  network: Graph | NetworkForms,
  options: RemoveResidualsOptions = {},
): Promise<PlainNetwork> {
  const { executor = await defaultExecutor() } = options;
  return plainForm(network, { ...options, executor });
}
