import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reportOf } from '../commands/report.ts';
import { EspalierError } from '../errors.ts';
import { isHeld } from '../training/run-lock.ts';
import { findRuns } from './find-runs.ts';
import { readRun, type StoredSummary, summaryOf } from './read-run.ts';
import { resumeWords, startWords } from './run-commands.ts';
import { openStartedRuns, type StartedState } from './started-runs.ts';
import type { RunDetails, RunSummary, StartRequest } from './types.ts';

/** The runs below a folder. An `id` is the path of a run's folder relative to it; an unknown one throws `missing-file`. */
export interface Runs {
  readonly root: string;
  /** The most recently started first, each followed by the runs in its folder. */
  list(): Promise<RunSummary[]>;
  details(id: string): Promise<RunDetails>;
  folderOf(id: string): Promise<string>;
  /** The report of a run as an HTML page, of its current state. */
  report(id: string): Promise<string>;
  /** Starts a recipe and returns its id. */
  start(request: StartRequest): Promise<string>;
  resume(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  /** Stops the runs that were started here, and returns their folders. */
  stopAll(): Promise<readonly string[]>;
}

/** Opens the runs below a folder; `commandLine` is the program `espalier` and its first words. */
export function openRuns(root: string, commandLine: readonly string[]): Runs {
  const started = openStartedRuns(commandLine);
  const folderOf = async (id: string) => {
    const folder = (await findRuns(root)).get(id);
    if (folder !== undefined) return folder;
    throw new EspalierError('missing-file', 'no such run', { where: id });
  };
  const begin = (folder: string, words: readonly string[]) =>
    started.start(folder, words, () => existsSync(join(folder, 'recipe.json')) && isHeld(folder));
  return {
    root,
    folderOf,
    async list() {
      const found = [...(await findRuns(root))].flatMap(([id, folder]) => {
        const stored = summaryIn(folder);
        return stored ? [{ id, ...withProcess(stored, started.stateOf(folder)) }] : [];
      });
      return ordered(found);
    },
    async details(id) {
      return { id, record: readRun(await folderOf(id)).record };
    },
    report: async (id) => reportOf(await folderOf(id)),
    async start(request) {
      await begin(join(root, request.folder), await startWords(request, root));
      return request.folder;
    },
    async resume(id) {
      const folder = await folderOf(id);
      await begin(folder, await resumeWords(folder));
    },
    async stop(id) {
      const message = 'was not started here: stop it with Ctrl-C in its terminal';
      if (!started.stop(await folderOf(id))) throw new EspalierError('usage', message, { where: id });
    },
    stopAll: () => started.stopAll(),
  };
}

function ordered(runs: readonly RunSummary[]): RunSummary[] {
  const byId = [...runs].sort((a, b) => a.id.localeCompare(b.id));
  const outermost = ({ id, started }: RunSummary) =>
    byId.find((run) => id.startsWith(`${run.id}/`))?.started ?? started;
  return [...byId].sort((a, b) => outermost(b).localeCompare(outermost(a)));
}

/** null for a folder that contains no readable run, such as a `recipe.json` of another program. */
function summaryIn(folder: string): StoredSummary | null {
  try {
    return summaryOf(folder);
  } catch (cause) {
    if (cause instanceof EspalierError) return null;
    throw cause;
  }
}

/** Adds what is known of the process of a run. */
function withProcess(stored: StoredSummary, process: StartedState | null): Omit<RunSummary, 'id'> {
  const problem = process?.problem ?? null;
  if (stored.state === 'finished') return { ...stored, action: null, problem: null };
  if (process && process.state !== 'ended')
    return { ...stored, state: 'running', action: actions[process.state], problem: null };
  if (stored.state === 'running') return { ...stored, action: null, problem: null };
  return { ...stored, state: problem === null ? 'stopped' : 'failed', action: 'resume', problem };
}

const actions = { running: 'stop', stopping: 'stopping' } as const;
