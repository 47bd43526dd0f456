import type { Executor } from './executor.ts';

/** The default executor of library functions: onnxruntime, loaded at its first use. */
export async function defaultExecutor(): Promise<Executor> {
  const { onnxruntime } = await import('./onnxruntime/index.ts');
  return onnxruntime;
}
