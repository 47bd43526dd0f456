import { flagSwitch } from './flags.ts';

/** The flag of all commands that compare their result with the given model. */
export const verifyFlag = flagSwitch(
  '--no-verify',
  'do not compare the result with the given model in onnxruntime',
);

/** A hint that commands append to the error of a failed comparison. */
export const VERIFY_HINT = '(--no-verify writes it all the same)';
