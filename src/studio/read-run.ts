import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { recordedPlan } from '../recipes/run-record.ts';
import { makeRunRecord, type RunRecord } from '../report/run-record.ts';
import { finishedSteps, startedSteps } from '../report/steps-record.ts';
import { openRunDirectory, type RunDirectory, type RunEvent } from '../training/run-directory.ts';
import { isHeld } from '../training/run-lock.ts';
import type { RunSummary, StepSummary } from './types.ts';

/** What the folder of a run contains. */
interface StoredRun {
  readonly record: RunRecord;
  readonly steps: readonly StepSummary[];
  /** ISO date of the last event. */
  readonly changed: string;
}

/** What {@link summaryOf} reads from the folder of a run. */
export type StoredSummary = Omit<RunSummary, 'id' | 'action' | 'problem'>;

interface Remembered {
  readonly stamp: string;
  readonly stored: StoredRun;
}

const remembered = new Map<string, Remembered>();

/** Reads the folder of a run, unless it has not changed since the last time. Throws if it contains no run. */
export function readRun(path: string): StoredRun {
  const stamp = ['recipe.json', 'events.jsonl'].map((name) => stampOf(join(path, name))).join();
  const before = remembered.get(path);
  if (before?.stamp === stamp) return before.stored;
  const run = openRunDirectory(path);
  const events = run.readEvents();
  const last = events.findLast(({ time }) => typeof time === 'string');
  const stored = {
    record: makeRunRecord(run.recipe, events),
    steps: stepsOf(run, events),
    changed: String(last?.time ?? run.recipe.started),
  };
  remembered.set(path, { stamp, stored });
  return stored;
}

/** A text that changes with a file. */
function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'none';
}

/** The steps of a recipe run; none for other runs. */
function stepsOf({ recipe, path }: RunDirectory, events: readonly RunEvent[]): StepSummary[] {
  if (recipe.command !== 'run') return [];
  const { plan } = recordedPlan(path);
  const finished = finishedSteps(events);
  const started = new Set(startedSteps(events));
  return plan.recipe.steps.map(({ name }) => {
    const outcome = finished.get(name);
    const state = outcome ? 'finished' : started.has(name) ? 'started' : 'waiting';
    return { name, state, line: outcome?.line ?? null, text: outcome?.text ?? null };
  });
}

/** A run as the list shows it. */
export function summaryOf(path: string): StoredSummary {
  const { record, steps, changed } = readRun(path);
  const { recipe, epochs, result } = record;
  const { model, data, epochs: planned } = recipe.options;
  const last = epochs.at(-1);
  return {
    command: recipe.command,
    model: String([model].flat()[0] ?? ''),
    data: typeof data === 'string' ? data : null,
    state: stateOf(path),
    started: String(recipe.started),
    changed,
    epochs: { done: last?.epoch ?? 0, of: typeof planned === 'number' ? planned : null },
    latest: {
      loss: last?.loss ?? null,
      accuracy: last?.testAccuracy ?? null,
      macsKept: last?.macsKept ?? null,
    },
    result,
    steps,
  };
}

/** A process locks the steps of its recipe until it ends, so that a finished step may still be locked. */
function stateOf(path: string): RunSummary['state'] {
  if (isFinished(path)) return 'finished';
  return isHeld(path) ? 'running' : 'stopped';
}

function isFinished(path: string): boolean {
  const { record, steps } = readRun(path);
  if (steps.length > 0) return steps.every(({ state }) => state === 'finished');
  if (record.result) return true;
  return record.recipe.command === 'sensitivity' && existsSync(join(path, 'sensitivity.json'));
}
