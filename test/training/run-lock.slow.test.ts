import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { holdRun } from '../../src/training/run-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = fileURLToPath(new URL('../support/lock-racer.ts', import.meta.url));
/** Milliseconds between two folders. */
const INTERVAL = 8;

/** A process that takes folders one after the other, once it is told when, and holds them until it is killed. */
interface Racer {
  readonly child: ChildProcess;
  readonly lines: () => string[];
}

const racers: Racer[] = [];
afterEach(() => Promise.all(racers.splice(0).map(kill)));

function racer(folders: readonly string[]): Racer {
  const args = ['--import', 'tsx', script, String(INTERVAL), ...folders];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const made: Racer = { child, lines: () => text.split('\n').slice(0, -1) };
  racers.push(made);
  return made;
}

const until = (racer: Racer, line: string) =>
  vi.waitFor(() => expect(racer.lines()).toContain(line), { timeout: 60_000, interval: 20 });

/** Lets processes take their folders at the same time, and waits until all are through. */
async function race(...racers: readonly Racer[]): Promise<void> {
  await Promise.all(racers.map((each) => until(each, 'ready')));
  const start = Date.now() + 100;
  for (const { child } of racers) child.stdin!.write(`${start}\n`);
  await Promise.all(racers.map((each) => until(each, 'done')));
}

/** Kills a process and waits for its end. */
async function kill({ child }: Racer): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

const locksOf = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('run.lock'));

it('a folder that another process is at is refused, until that process is gone', async () => {
  const folder = temporaryFolder();
  const other = racer([folder]);
  await race(other);
  await expect(holdRun(folder)).rejects.toThrow(
    `process ${other.child.pid} is working on this run: wait until it ends, or choose another folder with \`out\``,
  );
  await kill(other);
  writeFileSync(join(folder, `report.html.${other.child.pid}.partial`), 'half');
  writeFileSync(join(folder, `model.onnx.${process.pid}.partial`), 'being written');
  const release = await holdRun(folder);
  expect(readdirSync(folder).length).toBe(2);
  expect(existsSync(join(folder, `model.onnx.${process.pid}.partial`))).toBe(true);
  expect(locksOf(folder)[0]).toContain(`.${process.pid}.`);
  release();
  expect(locksOf(folder)).toEqual([]);
});

it('the number of a process that is gone may be that of another', async () => {
  const folder = temporaryFolder();
  const release = await holdRun(folder);
  const [name] = locksOf(folder);
  release();
  // The process that started this test file runs, and did not start when the lock says.
  const stale = name!.replace(`.${process.pid}.`, `.${process.ppid}.`);
  writeFileSync(join(folder, stale), '{}\n');
  (await holdRun(folder))();
  expect(locksOf(folder)).toEqual([]);
});

it('a lock of another machine is named: nobody can look whether its process runs', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'run.lock.far.example.7.abc'), '{}\n');
  await expect(holdRun(folder)).rejects.toThrow(
    /process 7 on far\.example .* remove run\.lock\.far\.example\.7\.abc$/,
  );
});

it('of two processes that find the same stale lock, one holds the folder', async () => {
  const root = temporaryFolder();
  const dead = temporaryFolder();
  const gone = racer([dead]);
  await race(gone);
  await kill(gone);
  const stale = locksOf(dead)[0]!;
  const folders = Array.from({ length: 120 }, (_, i) => join(root, String(i)));
  for (const folder of folders) {
    mkdirSync(folder);
    writeFileSync(join(folder, stale), '{}\n');
  }
  const both = [racer(folders), racer(folders)] as const;
  await race(...both);
  const winners = both.flatMap((each) => each.lines().filter((line) => /^\d+$/.test(line)));
  expect(winners.map(Number).sort((a, b) => a - b)).toEqual(folders.map((_, i) => i));
});

it('is held until all who hold it in this process let go', async () => {
  const folder = temporaryFolder();
  const [outer, inner] = await Promise.all([holdRun(folder), holdRun(folder)]);
  inner();
  inner();
  expect(locksOf(folder).length).toBe(1);
  outer();
  expect(locksOf(folder)).toEqual([]);
});
