import { flagSwitch } from './flags.ts';

/** The flag of every command that compares what it made with the model that was given. */
export const verifyFlag = flagSwitch(
  '--no-verify',
  'do not compare the result with the given model in onnxruntime',
);

/** What a message of a comparison that failed says besides, at the command line. */
export const VERIFY_HINT = '(--no-verify writes it all the same)';
