import type { Engines } from '../runtime/engines.ts';

/** The engines in words, one a line. */
export function enginesText({ training, inference, givenLibrary }: Engines): string {
  return [
    ...trainingLines(training),
    `inference      ${inference.name} ${inference.version}`,
    `ESPALIER_DNNL  ${givenLibrary ?? 'not set'}`,
  ].join('\n');
}

function trainingLines({ name, version, path, kernels, block, threads, reason }: Engines['training']) {
  if (reason)
    return [
      `training       ${name} ${version}, several times slower than oneDNN`,
      `why            ${reason}`,
    ];
  return [
    `training       oneDNN ${version} (${path})`,
    `kernels        ${kernels}, channels in blocks of ${block}`,
    `threads        ${threads}`,
  ];
}
