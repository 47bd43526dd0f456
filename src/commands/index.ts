import { bench } from './bench/bench.ts';
import type { Command } from './command.ts';
import { compileCommand } from './compile/compile.ts';
import { dataGet, dataList } from './data.ts';
import { demo } from './demo.ts';
import { deployCommand } from './deploy/deploy.ts';
import { evaluateModel } from './eval.ts';
import { foldCommand } from './fold.ts';
import { graftCommand } from './graft/graft.ts';
import { inspect } from './inspect/inspect.ts';
import { pruneCommand } from './prune/prune.ts';
import { report } from './report.ts';
import { rmnet } from './rmnet.ts';
import { sensitivityCommand } from './sensitivity/sensitivity.ts';
import { swp } from './swp/swp.ts';
import { trainModel } from './training/train.ts';

/** The commands that can be steps of recipes and run on workers, in the order of the help. */
export const stepCommands: readonly Command[] = [
  inspect,
  dataGet,
  dataList,
  trainModel,
  swp,
  pruneCommand,
  sensitivityCommand,
  rmnet,
  graftCommand,
  evaluateModel,
  foldCommand,
  deployCommand,
  compileCommand,
  bench,
  report,
  demo,
];
