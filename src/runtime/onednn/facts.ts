import { availableParallelism } from 'node:os';
import { EspalierError } from '../../errors.ts';
import { openEngine } from './engine.ts';

/** Properties of oneDNN on this machine. */
export interface EngineFacts {
  readonly version: string;
  readonly path: string;
  /** oneDNN's name of its convolution kernel on this processor, such as jit:avx512_core. */
  readonly kernels: string;
  /** Channels per block. */
  readonly block: number;
  /** Threads that it uses without --threads: one per core. */
  readonly threads: number;
}

/**
 * Properties of oneDNN as a training engine. Throws `runtime` if it cannot be used, or has no optimised kernels for this
 * processor.
 */
export async function engineFacts(): Promise<EngineFacts> {
  const { dnnl, path, block, kernels, fast } = await openEngine();
  const { version } = dnnl;
  dnnl.close();
  if (!fast) {
    const message = `expected oneDNN ${version} to compile convolutions for this processor, found ${kernels}`;
    throw new EspalierError('runtime', message, { where: path });
  }
  return { version, path, kernels, block, threads: availableParallelism() };
}
