import { EspalierError } from '../errors.ts';
import type { Executor } from './executor.ts';

/** The name of a training engine. */
export type ExecutorName = 'onednn' | 'onnxruntime';

/** The engine that trains on this machine, and its properties. */
export interface TrainingEngine {
  readonly name: ExecutorName;
  readonly version: string;
  /** Only for oneDNN, like kernels, block and threads. */
  readonly path: string | null;
  readonly kernels: string | null;
  readonly block: number | null;
  readonly threads: number | null;
  /** Why oneDNN is not used, if onnxruntime was not requested explicitly. */
  readonly reason?: string;
}

/** An executor with the properties of its engine. */
export interface ChosenExecutor {
  readonly executor: Executor;
  readonly engine: TrainingEngine;
}

/**
 * Loads the executor with the given name; by default oneDNN if it is found, else onnxruntime. Throws `runtime` if it cannot
 * be loaded.
 *
 * @example
 * const { executor, engine } = await chooseExecutor();
 * console.log(engine.name, engine.version, engine.reason);
 */
export async function chooseExecutor(name?: ExecutorName): Promise<ChosenExecutor> {
  if (name === 'onnxruntime') return chooseOnnxruntime();
  try {
    const { engineFacts, onednn } = await import('./onednn/index.ts');
    return { executor: onednn, engine: { name: 'onednn', ...(await engineFacts()) } };
  } catch (error) {
    if (name === 'onednn' || !(error instanceof EspalierError)) throw error;
    return chooseOnnxruntime(error.message);
  }
}

async function chooseOnnxruntime(reason?: string): Promise<ChosenExecutor> {
  const { onnxruntime } = await import('./onnxruntime/index.ts');
  const { onnxruntimeVersion } = await import('./onnxruntime/session.ts');
  const none = { path: null, kernels: null, block: null, threads: null };
  const why = reason === undefined ? {} : { reason };
  const engine = { name: 'onnxruntime', version: await onnxruntimeVersion(), ...none, ...why } as const;
  return { executor: onnxruntime, engine };
}
