import type { Graph } from '../graph/graph.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type FoldedNetwork, foldAndVerify, type VerifiedFoldOptions } from './fold.ts';

/** Options of {@link fold}. */
export interface FoldOptions extends Omit<VerifiedFoldOptions, 'executor'> {
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

/**
 * {@link foldAndVerify} in onnxruntime, unless another executor is given.
 *
 * @example
 * const { graph, counts, error } = await fold(readModelFile('model.onnx'));
 */
export async function fold(network: Graph | NetworkForms, options: FoldOptions = {}): Promise<FoldedNetwork> {
  const { executor = await defaultExecutor() } = options;
  return foldAndVerify(network, { ...options, executor });
}
