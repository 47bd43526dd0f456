import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a process of the command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of stderr at each piece, and a function that sends a signal, SIGINT by default. */
  readonly onMessage?: (text: string, interrupt: (signal?: NodeJS.Signals) => void) => void;
}

/** Runs `espalier …` in a process of its own. */
export function espalier(args: readonly string[], { env, onMessage }: SpawnOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { ...process.env, ESPALIER_DEBUG: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
    onMessage?.(said.stderr, (signal = 'SIGINT') => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}
