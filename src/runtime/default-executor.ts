import type { Executor } from './executor.ts';

/** The executor of functions that are given none: onnxruntime, loaded at its first use. */
export async function defaultExecutor(): Promise<Executor> {
  const { onnxruntime } = await import('./onnxruntime/index.ts');
  return onnxruntime;
}
