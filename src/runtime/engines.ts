import { chooseExecutor, type TrainingEngine } from './choose.ts';

/** Which engine does what on this machine. */
export interface Engines {
  readonly training: TrainingEngine;
  readonly inference: { readonly name: 'onnxruntime'; readonly version: string };
  /** What ESPALIER_DNNL is set to. */
  readonly givenLibrary: string | null;
}

/** The engines as they are chosen where no --executor is given; throws `runtime` without onnxruntime. */
export async function findEngines(): Promise<Engines> {
  const { onnxruntimeVersion } = await import('./onnxruntime/session.ts');
  return {
    training: (await chooseExecutor()).engine,
    inference: { name: 'onnxruntime', version: await onnxruntimeVersion() },
    givenLibrary: process.env.ESPALIER_DNNL || null,
  };
}
