import type { TrainingEngine } from '../runtime/choose.ts';
import type { Engines } from '../runtime/engines.ts';

/** Describes the engines, one line each. */
export function enginesText({ training, inference, givenLibrary }: Engines): string {
  return [
    ...trainingLines(training),
    `inference      ${inference.name} ${inference.version}`,
    `ESPALIER_DNNL  ${givenLibrary ?? 'not set'}`,
  ].join('\n');
}

function trainingLines(engine: TrainingEngine) {
  const { kernels, block, threads, reason } = engine;
  if (reason) {
    return [
      `training       ${engineText(engine)}, several times slower than oneDNN`,
      `why            ${reason}`,
    ];
  }
  return [
    `training       ${engineText(engine)}`,
    `kernels        ${kernels}, channels in blocks of ${block}`,
    `threads        ${threads}`,
  ];
}

/** `oneDNN 2.6.3 (libdnnl.so.2)`, `onnxruntime 1.30.0`. */
export const engineText = ({ name, version, path }: TrainingEngine): string =>
  name === 'onednn' ? `oneDNN ${version} (${path})` : `${name} ${version}`;
