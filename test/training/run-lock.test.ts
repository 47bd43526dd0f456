import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startOf } from '../../src/process-start.ts';
import { holdRun } from '../../src/training/run-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lock = (folder: string, pid: number, start: string | null) =>
  writeFileSync(join(folder, 'run.lock'), JSON.stringify({ pid, start, host: hostname() }));

it('a folder that another process is at is refused, until that process is gone', async () => {
  const folder = temporaryFolder();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = other.pid!;
  const start = startOf(pid);
  lock(folder, pid, start);
  await expect(holdRun(folder)).rejects.toThrow(`process ${pid} is at this run`);
  // The number of a process that is gone, given to another.
  lock(folder, pid, 'earlier');
  (await holdRun(folder))();
  lock(folder, pid, start);
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  writeFileSync(join(folder, `report.html.${pid}.partial`), 'half');
  writeFileSync(join(folder, `model.onnx.${process.pid}.partial`), 'being written');
  const release = await holdRun(folder);
  expect(readdirSync(folder).sort()).toEqual([`model.onnx.${process.pid}.partial`, 'run.lock']);
  release();
  expect(existsSync(join(folder, 'run.lock'))).toBe(false);
});

it('is held until all who hold it in this process let go', async () => {
  const folder = temporaryFolder();
  const [outer, inner] = [await holdRun(folder), await holdRun(folder)];
  inner();
  inner();
  expect(existsSync(join(folder, 'run.lock'))).toBe(true);
  outer();
  expect(existsSync(join(folder, 'run.lock'))).toBe(false);
});
