import { EspalierError } from '../errors.ts';
import type { Executor } from './executor.ts';

export const executorNames = ['onednn', 'onnxruntime'] as const;
export type ExecutorName = (typeof executorNames)[number];

export interface ChosenExecutor {
  readonly executor: Executor;
  /** What it is, in words: name, version, where it was found. */
  readonly description: string;
  /** Why not the faster one, where nobody asked for this one. */
  readonly advice: string | null;
}

/** The executor of a name, loaded; without one oneDNN where it is found, else onnxruntime. Throws `runtime`. */
export async function chooseExecutor(name?: ExecutorName): Promise<ChosenExecutor> {
  if (name === 'onnxruntime') return chooseOnnxruntime(null);
  try {
    const { describeEngine, onednn } = await import('./onednn/index.ts');
    return { executor: onednn, description: await describeEngine(), advice: null };
  } catch (reason) {
    if (name === 'onednn' || !(reason instanceof EspalierError)) throw reason;
    return chooseOnnxruntime(`training runs in onnxruntime, several times slower: ${reason.message}`);
  }
}

async function chooseOnnxruntime(advice: string | null): Promise<ChosenExecutor> {
  const { onnxruntime } = await import('./onnxruntime/index.ts');
  const { onnxruntimeVersion } = await import('./onnxruntime/session.ts');
  return { executor: onnxruntime, description: `onnxruntime ${await onnxruntimeVersion()}`, advice };
}
