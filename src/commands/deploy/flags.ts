import { deployDefaults as defaults } from '../../deploy/defaults.ts';
import { runtimeNames } from '../../measure/runtimes.ts';
import {
  choice,
  defaulted,
  flagSwitch,
  type Options,
  openSizeFlag,
  optional,
  positive,
  text,
  wholeNumber,
} from '../flags.ts';
import { inputFlags } from '../input-flags.ts';
import { verifyFlag } from '../verify-flag.ts';
import { quantizeFlags } from './quantize-flags.ts';

/** Flags of `deploy`. */
export const deployFlags = {
  out: optional(
    '--out <path>',
    'the deployed model (.onnx), or a new folder for the run (required unless --plan)',
    text,
  ),
  resume: optional('--resume <dir>', 'repeat the run in this folder; cached times are reused', text),
  target: defaulted(
    '--target <name>',
    'runtime to measure in: onnxruntime in Node (node) or in a browser (web)',
    [choice(runtimeNames), defaults.target],
  ),
  threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), defaults.threads]),
  seconds: defaulted('--seconds <s>', 'seconds for measuring the result', [positive, defaults.seconds]),
  ...quantizeFlags,
  size: openSizeFlag,
  ...inputFlags,
  cache: flagSwitch('--no-cache', 'do not read or write the cache of measured times'),
  verify: verifyFlag,
  plan: flagSwitch(
    '--plan',
    'print the forms that would be tried for each layer and their predicted latency; measure and write nothing',
  ),
};

/** The settings of `deploy`, with the model. */
export type DeploySettings = Options<typeof deployFlags> & { readonly model: string };
