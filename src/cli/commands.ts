import type { Command } from '../commands/command.ts';
import { stepCommands } from '../commands/index.ts';
import { report } from '../commands/report.ts';
import { runRecipe } from '../recipes/run.ts';
import { studio } from '../studio/studio.ts';
import { worker } from '../workers/worker.ts';

/** All commands, in the order of the help. */
export const commands: readonly Command[] = stepCommands.flatMap((command) =>
  command === report ? [runRecipe, report, studio, worker] : [command],
);
