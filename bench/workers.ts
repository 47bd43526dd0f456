/**
 * Two networks that graft one another, trained by one worker and by two, each on one thread, in turns: what a second worker
 * saves, and where the time of an epoch goes. Run with `node --import tsx bench/workers.ts`; one JSON document on stdout.
 * Needs redis-server and the data set.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RoundTimes } from '../src/grafting/ring.ts';
import { openRunDirectory } from '../src/training/run-directory.ts';
import { hasRedis, type RedisServer, startRedis } from '../test/support/redis-server.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'resnet20' },
    data: { type: 'string', default: 'cifar10' },
    limit: { type: 'string', default: '4096' },
    'test-limit': { type: 'string', default: '500' },
    epochs: { type: 'string', default: '3' },
    batch: { type: 'string', default: '64' },
    networks: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
});
const { rounds, model, ...typed } = options;
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

interface Measurement {
  /** Of all epochs. */
  readonly seconds: number;
  /** Of the whole command, with opening the data and evaluating at the end. */
  readonly commandSeconds: number;
  /** The mean over epochs. */
  readonly epoch: RoundTimes;
}

const espalier = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });

/** A worker in a process of its own, ready for tasks. */
async function startWorker({ url }: RedisServer, root: string): Promise<ChildProcess> {
  const worker = espalier(['worker', '--redis', url, '--root', root]);
  await new Promise<void>((resolve, reject) => {
    worker.once('exit', () => reject(new Error('the worker ended')));
    worker.stderr!.on('data', (text) => String(text).includes('waiting for tasks') && resolve());
  });
  return worker;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function measure(redis: RedisServer, folder: string, workers: number): Promise<Measurement> {
  const started = await Promise.all(
    Array.from({ length: workers }, (_, i) => startWorker(redis, join(folder, `worker-${i}`))),
  );
  try {
    const out = join(folder, 'run');
    const flags = Object.entries(typed).flatMap(([name, value]) => [`--${name}`, value]);
    const fixed = ['--threads', '1', '--executor', 'onnxruntime', '--eval-every', options.epochs];
    const begun = performance.now();
    const run = espalier(['graft', model, ...flags, ...fixed, '--redis', redis.url, '--out', out]);
    run.stderr!.pipe(process.stderr);
    if ((await ended(run)) !== 0) throw new Error('the run failed');
    const commandSeconds = (performance.now() - begun) / 1000;
    const times = openRunDirectory(out)
      .readEvents()
      .flatMap((event) => (event.type === 'graft' ? [event.times as RoundTimes] : []));
    const sum = (part: keyof RoundTimes) => times.reduce((total, one) => total + one[part], 0);
    const mean = (part: keyof RoundTimes) => sum(part) / times.length;
    const epoch = {
      seconds: mean('seconds'),
      training: mean('training'),
      graft: mean('graft'),
      waiting: mean('waiting'),
    };
    return { seconds: sum('seconds'), commandSeconds, epoch };
  } finally {
    for (const worker of started) worker.kill('SIGINT');
    await Promise.all(started.map(ended));
  }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

async function benchmark(folder: string) {
  mkdirSync(join(folder, 'redis'));
  const redis = await startRedis(join(folder, 'redis'));
  const measured: { one: Measurement; two: Measurement }[] = [];
  try {
    for (let round = 0; round < Number(rounds); round++) {
      const place = (workers: number) => join(folder, `round-${round}-of-${workers}`);
      const one = await measure(redis, place(1), 1);
      measured.push({ one, two: await measure(redis, place(2), 2) });
    }
  } finally {
    await redis.stop();
  }
  const ratios = measured.map(({ one, two }) => two.seconds / one.seconds);
  return {
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    commandRatio: median(measured.map(({ one, two }) => two.commandSeconds / one.commandSeconds)),
    rounds: measured,
    settings: { ...options, threads: 1, executor: 'onnxruntime' },
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
  };
}

if (!hasRedis) {
  process.stderr.write('error: expected redis-server to be installed\n');
  process.exitCode = 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-workers-'));
  try {
    console.log(JSON.stringify(await benchmark(folder), null, 2));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
