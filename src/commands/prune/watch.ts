import { formatPercent } from '../../numeric/quantities.ts';
import type { PruningWatch } from '../../pruning/iterative/job.ts';
import type { PruningStage } from '../../pruning/iterative/stages.ts';
import { type Context, countingBar } from '../command.ts';
import { errorText } from '../outputs.ts';

/** Shows the progress of pruning on the terminal. */
export function watchPruning(context: Context): PruningWatch {
  const searching = countingBar(context, 'searching', 'candidates');
  return {
    signal: context.signal,
    onCandidate: (tried, of, damage) => searching(tried, of, damage.toFixed(3)),
    onWarning: (line) => context.warn(line),
    onEvaluated: countingBar(context, 'evaluating', 'images'),
    onStage: (stage, step) => noteStage(stage, step, context),
  };
}

function noteStage(
  { stage, top1, outputError, outputErrors }: PruningStage,
  step: number,
  context: Context,
): void {
  const found = [
    ...(top1 === null ? [] : [`top-1 ${formatPercent(top1)}`]),
    ...(step > 0 ? [`output error ${errorText(outputError, outputErrors)}`] : []),
  ];
  const where = `${step === 0 ? '' : `step ${step}  `}${stage.padEnd(11)}`;
  if (found.length > 0) context.note(`${where}  ${found.join('  ')}`);
}
