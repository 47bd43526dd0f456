import { chooseExecutor, type TrainingEngine } from './choose.ts';

/** The engines on this machine, by their tasks. */
export interface Engines {
  readonly training: TrainingEngine;
  readonly inference: { readonly name: 'onnxruntime'; readonly version: string };
  /** The value of ESPALIER_DNNL. */
  readonly givenLibrary: string | null;
}

/** The engines that are used without --executor. Throws `runtime` if onnxruntime is missing. */
export async function findEngines(): Promise<Engines> {
  const { onnxruntimeVersion } = await import('./onnxruntime/session.ts');
  return {
    training: (await chooseExecutor()).engine,
    inference: { name: 'onnxruntime', version: await onnxruntimeVersion() },
    givenLibrary: process.env.ESPALIER_DNNL || null,
  };
}
