import type { Executor } from '../runtime/executor.ts';

/** The executor that commands run on. */
export async function engine(): Promise<Executor> {
  const { onnxruntime } = await import('../runtime/onnxruntime/index.ts');
  return onnxruntime;
}
