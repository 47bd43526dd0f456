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
import { runtimeNames } from '../measuring.ts';
import { verifyFlag } from '../verify-flag.ts';
import { quantizeFlags } from './quantize-flags.ts';

/** Flags of `deploy`. */
export const deployFlags = {
  out: optional(
    '--out <path>',
    'the quick model (.onnx), or a new folder for the record of the run (required, but with --plan)',
    text,
  ),
  resume: optional(
    '--resume <dir>',
    'do the run in a folder once more; what was timed before is not timed again',
    text,
  ),
  target: defaulted('--target <name>', 'where it will run: onnxruntime in Node, or in a browser', [
    choice(runtimeNames),
    'node',
  ]),
  threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), 1]),
  seconds: defaulted('--seconds <s>', 'time to measure the result in', [positive, 4]),
  ...quantizeFlags,
  size: openSizeFlag,
  ...inputFlags,
  cache: flagSwitch('--no-cache', 'measure anew, and keep nothing for the next time'),
  verify: verifyFlag,
  plan: flagSwitch(
    '--plan',
    'say which forms each layer would be tried in, and what they are expected to take; time and write nothing',
  ),
};

/** What is to be deployed, and how. */
export type DeploySettings = Options<typeof deployFlags> & { readonly model: string };
