import { EspalierError } from '../errors.ts';
import type { Executor } from './executor.ts';

/** The name of a training engine. */
export type ExecutorName = 'onednn' | 'onnxruntime';

/** What trains on this machine. */
export interface TrainingEngine {
  readonly name: ExecutorName;
  readonly version: string;
  /** oneDNN's alone, like kernels, block and threads. */
  readonly path: string | null;
  readonly kernels: string | null;
  readonly block: number | null;
  readonly threads: number | null;
  /** Why not oneDNN, where nobody asked for onnxruntime. */
  readonly reason?: string;
}

/** An executor, and the engine that it runs on. */
export interface ChosenExecutor {
  readonly executor: Executor;
  readonly engine: TrainingEngine;
}

/**
 * The executor of a name, loaded; without one oneDNN where it is found, else onnxruntime. Throws `runtime`.
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
