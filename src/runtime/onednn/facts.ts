import { availableParallelism } from 'node:os';
import { EspalierError } from '../../errors.ts';
import { openEngine } from './engine.ts';

/** What oneDNN is here. */
export interface EngineFacts {
  readonly version: string;
  readonly path: string;
  /** oneDNN's name of its convolution on this processor, such as jit:avx512_core. */
  readonly kernels: string;
  /** Channels in a block. */
  readonly block: number;
  /** What it uses where --threads does not say: one a core. */
  readonly threads: number;
}

/** oneDNN as it would train here; throws `runtime` where it cannot be used, or has no fast kernels for this processor. */
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
