import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, invocationOf, type Output } from '../commands/command.ts';
import { writeReport } from '../commands/report.ts';
import { EspalierError } from '../errors.ts';
import { finishedSteps, hoursSpent, type StepOutcome } from '../report/steps-record.ts';
import type { RunDirectory } from '../training/run-directory.ts';
import type { PlannedStep } from './plan.ts';

/**
 * Runs the steps in order, except those recorded as finished. A step that was started is resumed if it supports that. Records
 * each start and finish. Throws `interrupted` when the signal is aborted.
 */
export async function runSteps(
  steps: readonly PlannedStep[],
  run: RunDirectory,
  context: Context,
): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const [i, step] of steps.entries()) {
    const done = finishedSteps(run.readEvents()).get(step.name);
    context.note(`${i + 1}/${steps.length}  ${step.name}: ${done ? 'done already' : step.line}`);
    outcomes.push(done ?? (await runStep(step, run, context)));
    await writeReport(run.path, join(run.path, 'report.html'));
  }
  return outcomes;
}

/** Runs a step in this process, and records its start, its finish or its progress. */
export async function runStep(step: PlannedStep, run: RunDirectory, context: Context): Promise<StepOutcome> {
  if (context.signal.aborted) throw interrupted(run);
  const { name, command, line } = step;
  const invocation = wasStarted(step, run)
    ? invocationOf(command, [], { resume: step.folder })
    : invocationOf(command, step.args, step.raw);
  run.record({ type: 'start', name, line, at: new Date().toISOString() });
  const started = performance.now();
  const hours = () => (performance.now() - started) / 3_600_000;
  let output: Output;
  try {
    output = await command.run(invocation, context);
  } catch (cause) {
    run.record({ type: 'stop', name, hours: hours() });
    throw failed(cause, name, run);
  }
  const total = hoursSpent(run.readEvents(), name) + hours();
  const { data, text } = output;
  const outcome = { name, line, folder: step.folder, hours: total, data, text };
  run.record({ type: 'finish', ...outcome });
  return outcome;
}

/** Whether the step has a run directory and was started in this run. */
function wasStarted({ name, command, folder }: PlannedStep, run: RunDirectory): boolean {
  const begun = run.readEvents().some((event) => event.type === 'start' && event.name === name);
  return begun && 'resume' in command.options && existsSync(join(folder, 'recipe.json'));
}

/** The error of a failed step, with the name of the step. */
export function failed(cause: unknown, where: string, run: RunDirectory): unknown {
  if (!(cause instanceof EspalierError)) return cause;
  if (cause.code === 'interrupted') return interrupted(run, cause);
  return new EspalierError(cause.code, cause.message, { where: `step ${where}`, cause });
}

export const interrupted = ({ path }: RunDirectory, cause?: unknown): EspalierError =>
  new EspalierError('interrupted', `interrupted: continue with espalier run --resume ${path}`, { cause });
