import { EspalierError } from '../errors.ts';
import type { ExecutorName } from './choose.ts';

/** Which engine does what on this machine. */
export interface Engines {
  readonly training: {
    readonly name: ExecutorName;
    readonly version: string;
    /** oneDNN's alone, like kernels, block and threads. */
    readonly path: string | null;
    readonly kernels: string | null;
    readonly block: number | null;
    readonly threads: number | null;
    /** Why not oneDNN. */
    readonly reason?: string;
  };
  readonly inference: { readonly name: 'onnxruntime'; readonly version: string };
  /** What ESPALIER_DNNL is set to. */
  readonly givenLibrary: string | null;
}

/** The engines as they are chosen where no --executor is given; throws `runtime` without onnxruntime. */
export async function findEngines(): Promise<Engines> {
  const { onnxruntimeVersion } = await import('./onnxruntime/session.ts');
  const version = await onnxruntimeVersion();
  return {
    training: await trainingEngine(version),
    inference: { name: 'onnxruntime', version },
    givenLibrary: process.env.ESPALIER_DNNL || null,
  };
}

async function trainingEngine(onnxruntimeVersion: string): Promise<Engines['training']> {
  try {
    const { engineFacts } = await import('./onednn/index.ts');
    return { name: 'onednn', ...(await engineFacts()) };
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    const none = { path: null, kernels: null, block: null, threads: null };
    return { name: 'onnxruntime', version: onnxruntimeVersion, ...none, reason: error.message };
  }
}
