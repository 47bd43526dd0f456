import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Raw, runCommand, silent } from '../support/run-command.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
let folder = '';
let redis: RedisServer | null = null;
let training: Raw = {};
const workers: Worker[] = [];
const at = (...parts: string[]) => join(folder, ...parts);

interface Worker {
  readonly process: ChildProcess;
  /** Resolves once the worker has said something. */
  said(text: string): Promise<void>;
  /** Ctrl-C, until it is gone. */
  stop(): Promise<void>;
}

/** A worker in a process of its own. */
function startWorker(name: string, more: readonly string[] = []): Worker {
  const flags = ['--redis', redis!.url, '--root', at(name), '--stall-seconds', '4', ...more];
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'worker', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let heard = '';
  const waiting: { text: string; resolve: () => void }[] = [];
  child.stderr!.on('data', (chunk) => {
    heard += chunk;
    for (const { text, resolve } of waiting) if (heard.includes(text)) resolve();
  });
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      if (heard.includes(text)) resolve();
      else waiting.push({ text, resolve });
    });
  const stop = () =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGINT');
    });
  const worker = { process: child, said, stop };
  workers.push(worker);
  return worker;
}

beforeAll(async () => {
  if (!hasRedis) return;
  folder = mkdtempSync(join(tmpdir(), 'espalier-distributed-'));
  const data = at('images');
  await writeImageFolder(data, { count: 64, size: 16, classes: 3, seed: 1 });
  mkdirSync(at('redis'));
  redis = await startRedis(at('redis'));
  const settings = {
    data,
    size: '16',
    batch: '16',
    threads: '1',
    lr: '0.05',
    epochs: '2',
    augmentation: 'none',
  };
  training = { ...settings, executor: 'onnxruntime' };
  await runCommand(graftCommand, ['espalier-demo'], [{ ...training, out: at('local') }]);
});
afterAll(async () => {
  for (const { process: child } of workers) child.kill('SIGKILL');
  await redis?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const sameAsLocal = (run: string) =>
  ['network-1.onnx', 'network-2.onnx'].every((name) =>
    readFileSync(at(run, name)).equals(readFileSync(at('local', name))),
  );

describe.skipIf(!hasRedis)('a ring over Redis', () => {
  it('gives the weights of a local one with two workers, bit for bit', async () => {
    const pair = [startWorker('worker-a'), startWorker('worker-b')];
    await runCommand(
      graftCommand,
      ['espalier-demo'],
      [{ ...training, redis: redis!.url, out: at('remote') }],
    );
    expect(sameAsLocal('remote')).toBe(true);
    await Promise.all(pair.map((worker) => worker.stop()));
  });

  it('gives them with a worker killed and Redis restarted in the middle, over a shared folder', async () => {
    const store = ['--store', at('store')];
    const first = startWorker('worker-c', store);
    const running = runCommand(
      graftCommand,
      ['espalier-demo'],
      [{ ...training, redis: redis!.url, store: at('store'), out: at('troubled') }],
    );
    await first.said('epoch 2: begins');
    first.process.kill('SIGKILL');
    const second = startWorker('worker-d', store);
    await second.said(': begins');
    await redis!.restart();
    await running;
    expect(sameAsLocal('troubled')).toBe(true);
    await second.stop();
  });

  it('does not wait for ever where no worker shows up', async () => {
    const raw = { ...training, redis: redis!.url, patience: '1', out: at('alone') };
    const waiting = runCommand(graftCommand, ['espalier-demo'], [raw, silent]);
    await expect(waiting).rejects.toThrow(
      `redis://127.0.0.1:${redis!.port}: no worker connected within 1 s: start one with espalier worker --redis URL`,
    );
  });

  it('names a server that does not answer, and never its password', async () => {
    const wrong = `redis://:hunter2@127.0.0.1:${redis!.port}`;
    const refused = runCommand(
      graftCommand,
      ['espalier-demo'],
      [{ ...training, redis: wrong, out: at('refused') }],
    );
    await expect(refused).rejects.toThrow(/cannot connect to redis/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });
});
