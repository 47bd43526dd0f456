import { join } from 'node:path';
import type { Context } from '../commands/command.ts';
import { runsRemotely } from '../commands/remote/allowed.ts';
import { callRemotely } from '../commands/remote/call.ts';
import { writeReport } from '../commands/report.ts';
import { openTaskQueue, type QueueOptions, type TaskQueue } from '../distributed/queue.ts';
import { runNameOf } from '../distributed/run-name.ts';
import { EspalierError } from '../errors.ts';
import { finishedSteps, type StepOutcome } from '../report/steps-record.ts';
import type { RunDirectory } from '../training/run-directory.ts';
import { failed, interrupted, runStep } from './execute.ts';
import type { PlannedStep } from './plan.ts';

interface RemoteRun {
  readonly run: RunDirectory;
  readonly queue: QueueOptions;
  readonly context: Context;
}

/** Running steps by name. */
interface RunningSteps extends Omit<RemoteRun, 'queue'> {
  readonly tasks: TaskQueue;
  readonly outcomes: Map<string, Promise<StepOutcome>>;
  readonly failures: Map<string, unknown>;
}

/**
 * Runs steps on workers, each as soon as the steps are finished whose files it reads. Steps that workers cannot run (`data
 * get`) run on this machine, and all later steps wait for them. If a step fails, only steps that read its files are skipped.
 * Throws the error of the first failed step, and names the others.
 */
export async function runStepsRemotely(
  steps: readonly PlannedStep[],
  { run, queue, context }: RemoteRun,
): Promise<StepOutcome[]> {
  const tasks = await openTaskQueue(queue);
  const work: RunningSteps = { run, context, tasks, outcomes: new Map(), failures: new Map() };
  try {
    const done = finishedSteps(run.readEvents());
    for (const [i, step] of steps.entries()) {
      const before = done.get(step.name);
      if (before) context.note(`${step.name}: already finished`);
      work.outcomes.set(step.name, before ? Promise.resolve(before) : after(steps.slice(0, i), step, work));
    }
    const settled = await Promise.allSettled(work.outcomes.values());
    if (context.signal.aborted) throw interrupted(run);
    if (work.failures.size > 0) throw failure(steps, settled, work);
    return settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  } finally {
    await tasks.close();
  }
}

async function after(
  earlier: readonly PlannedStep[],
  step: PlannedStep,
  work: RunningSteps,
): Promise<StepOutcome> {
  const needed = earlier.filter(({ name, command }) => step.needs.includes(name) || !runsRemotely(command));
  await Promise.all(needed.map(({ name }) => work.outcomes.get(name)));
  try {
    const { run, context } = work;
    context.note(`${step.name}: ${step.line}`);
    const outcome = runsRemotely(step.command)
      ? await runThere(step, work)
      : await runStep(step, run, context);
    context.note(`${step.name}: done`);
    await writeReport(run.path, join(run.path, 'report.html'));
    return outcome;
  } catch (cause) {
    work.failures.set(step.name, cause);
    throw cause;
  }
}

async function runThere(step: PlannedStep, { run, tasks, context }: RunningSteps): Promise<StepOutcome> {
  const { name, line, folder } = step;
  run.record({ type: 'start', name, line, at: new Date().toISOString() });
  try {
    const call = { ...step, run: runNameOf(run.recipe) };
    const { data, text, seconds, worker } = await callRemotely(call, tasks, context.signal);
    const outcome = { name, line, folder, hours: seconds / 3600, data, text };
    run.record({ type: 'finish', ...outcome, worker });
    return outcome;
  } catch (cause) {
    run.record({ type: 'stop', name, hours: 0 });
    throw failed(cause, name, run);
  }
}

/** The error of the first failed step, with the names of the other failed steps, and of the skipped ones. */
function failure(
  steps: readonly PlannedStep[],
  settled: readonly PromiseSettledResult<StepOutcome>[],
  { failures }: RunningSteps,
): unknown {
  const [first, ...others] = steps.filter(({ name }) => failures.has(name));
  const missed = steps.filter(({ name }, i) => settled[i]!.status === 'rejected' && !failures.has(name));
  const cause = failures.get(first!.name);
  if (!(cause instanceof EspalierError)) return cause;
  const list = (what: string, named: readonly PlannedStep[]) =>
    named.length === 0 ? '' : `; ${what}: ${named.map(({ name }) => name).join(', ')}`;
  const message = `${cause.message}${list('also failed', others)}${list('not run', missed)}`;
  return new EspalierError(cause.code, message, { cause });
}
