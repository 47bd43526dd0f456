import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { EspalierError } from '../errors.ts';

/** The processes of the runs that the page has started, by folder. */
export interface StartedRuns {
  /**
   * Starts `espalier …` for the run in a folder, and waits until `isBegun` or until the process ends. Throws `runtime` if it
   * fails before.
   */
  start(folder: string, args: readonly string[], isBegun: () => boolean): Promise<void>;
  /** Interrupts a run as Ctrl-C does: it ends after its current step and can be resumed. False if it has no process here. */
  stop(folder: string): boolean;
  /** null if the page has not started the run. */
  stateOf(folder: string): StartedState | null;
  /** Stops all runs and waits until they have ended. Returns their folders. */
  stopAll(): Promise<readonly string[]>;
}

export interface StartedState {
  readonly state: 'running' | 'stopping' | 'ended';
  /** The last line of a process that ended with an error. */
  readonly problem: string | null;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  state: StartedState;
}

const POLL_MS = 50;
/** The exit codes of a run that is finished or was interrupted. */
const REGULAR = [0, 130];
/** How much of the last output is kept for the error, in characters. */
const TAIL = 4000;

/** Starts runs as child processes by a command line: `node main.js`. */
export function openStartedRuns([program, ...words]: readonly string[]): StartedRuns {
  const runs = new Map<string, Started>();
  const running = () => [...runs].filter(([, { state }]) => state.state !== 'ended');
  const stop = ({ child, state }: Started) => {
    if (state.state === 'running') child.kill('SIGINT');
  };
  return {
    async start(folder, args, isBegun) {
      const run = launch(program!, [...words, ...args]);
      runs.set(folder, run);
      while (run.state.state !== 'ended' && !isBegun()) await Promise.race([run.ended, setTimeout(POLL_MS)]);
      const { problem } = run.state;
      if (problem !== null) throw new EspalierError('runtime', problem);
    },
    stop(folder) {
      const run = runs.get(folder);
      if (!run || run.state.state === 'ended') return false;
      stop(run);
      run.state = { ...run.state, state: 'stopping' };
      return true;
    },
    stateOf: (folder) => runs.get(folder)?.state ?? null,
    async stopAll() {
      const stopped = running();
      for (const [, run] of stopped) stop(run);
      await Promise.all(stopped.map(([, { ended }]) => ended));
      return stopped.map(([folder]) => folder);
    },
  };
}

/** The process has a group of its own, so that Ctrl-C in the terminal of the studio does not reach it twice. */
function launch(program: string, args: readonly string[]): Started {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-TAIL);
  });
  const ended = new Promise<void>((resolve) => {
    const end = (problem: string | null) => {
      run.state = { state: 'ended', problem };
      resolve();
    };
    child.once('error', (cause) => end(cause.message));
    child.once('close', (code, signal) =>
      end(code !== null && REGULAR.includes(code) ? null : problemOf(said, signal)),
    );
  });
  const run: Started = { child, ended, state: { state: 'running', problem: null } };
  return run;
}

/** The last line of the output, without the name of the program. */
function problemOf(said: string, signal: NodeJS.Signals | null): string {
  const line = said.trim().split('\n').at(-1) ?? '';
  return line.replace(/^espalier: /, '') || `the process ended by ${signal ?? 'itself'} without a message`;
}
