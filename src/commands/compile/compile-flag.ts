import { laterSwitch } from '../flags.ts';

/** Whether a run ends in a compiled folder, too. */
export const compileFlag = laterSwitch(
  '--compile',
  'also compile the network to WebAssembly, into compiled/ in the folder of the run',
);
