import { bench } from './bench/bench.ts';
import type { Command } from './command.ts';
import { dataGet, dataList } from './data.ts';
import { demo } from './demo.ts';
import { deploy } from './deploy/deploy.ts';
import { evaluateModel } from './eval.ts';
import { fold } from './fold.ts';
import { graft } from './graft/graft.ts';
import { inspect } from './inspect/inspect.ts';
import { prune } from './prune/prune.ts';
import { report } from './report.ts';
import { rmnet } from './rmnet.ts';
import { sensitivity } from './sensitivity/sensitivity.ts';
import { swp } from './swp/swp.ts';
import { trainModel } from './training/train.ts';

/** The commands that steps of recipes and workers run, in the order of the help. */
export const commands: readonly Command[] = [
  inspect,
  dataGet,
  dataList,
  trainModel,
  swp,
  prune,
  sensitivity,
  rmnet,
  graft,
  evaluateModel,
  fold,
  deploy,
  bench,
  report,
  demo,
];
