import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { dataGet, dataList } from './data.ts';
import { demo } from './demo.ts';
import { deploy } from './deploy.ts';
import { evaluateModel } from './eval.ts';
import { fold } from './fold.ts';
import { graft } from './graft.ts';
import { inspect } from './inspect.ts';
import { prune } from './prune.ts';
import { report } from './report.ts';
import { rmnet } from './rmnet.ts';
import { runRecipe } from './run.ts';
import { sensitivity } from './sensitivity.ts';
import { swp } from './swp.ts';
import { trainModel } from './train.ts';
import { worker } from './worker.ts';

/** Every command, in the order of the help. */
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
  runRecipe,
  report,
  worker,
  demo,
];
