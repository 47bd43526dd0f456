import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { dataGet, dataList } from './data.ts';
import { evaluateModel } from './eval.ts';
import { fold } from './fold.ts';
import { inspect } from './inspect.ts';
import { report } from './report.ts';
import { trainModel } from './train.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  inspect,
  dataGet,
  dataList,
  trainModel,
  evaluateModel,
  fold,
  bench,
  report,
];
