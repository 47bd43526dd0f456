import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { sensitivityCommand } from '../../src/commands/sensitivity/sensitivity.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { folderStore } from '../../src/distributed/store.ts';
import { type CommandTask, checkedTask } from '../../src/distributed/tasks.ts';
import { runWorker } from '../../src/distributed/worker.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { performCommand } from '../../src/workers/perform.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { maskedNetwork } from '../support/masked-network.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { relativeError } from '../support/relative-error.ts';
import { type Raw, runCommand, silent } from '../support/run-command.ts';
import { normals, outputOf } from '../support/run-graph.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-tasks-'));
const at = (...parts: string[]) => join(folder, ...parts);
const stopping = new AbortController();
const workers: Promise<void>[] = [];
let redis: RedisServer | null = null;
let training: Raw = {};

beforeAll(async () => {
  await writeImageFolder(at('images'), { count: 48, size: 16, classes: 3, seed: 1 });
  const settings = { data: at('images'), size: '16', batch: '16', threads: '1', lr: '0.05', epochs: '1' };
  training = { ...settings, augmentation: 'none', executor: 'onnxruntime' };
  await runCommand(trainModel, ['espalier-demo'], [{ ...training, out: at('base') }]);
  if (!hasRedis) return;
  mkdirSync(at('redis'));
  redis = await startRedis(at('redis'));
  const { url } = redis;
  for (const name of ['worker-a', 'worker-b'])
    workers.push(runWorker({ redis: url, root: at(name), perform: performCommand, signal: stopping.signal }));
}, 120_000);
afterAll(async () => {
  stopping.abort();
  await Promise.all(workers);
  await redis?.stop();
  rmSync(folder, { recursive: true });
}, 60_000);

describe.skipIf(!hasRedis)('over Redis', () => {
  it('sensitivities are those that are measured here', async () => {
    const raw = { data: at('images'), ratios: '0.25,0.5', threads: '1', round: '1' };
    const args = [at('base', 'model.onnx')];
    const here = await runCommand(sensitivityCommand, args, [{ ...raw, out: at('here') }]);
    const out = at('there');
    const there = await runCommand(sensitivityCommand, args, [{ ...raw, redis: redis!.url, out }]);
    expect(there.units).toEqual(here.units);
    expect((here.units as unknown[]).length).toBeGreaterThan(2);
    // As if it had been interrupted: half of the record is not there yet.
    const record = readFileSync(join(out, 'events.jsonl')).toString().split('\n');
    writeFileSync(join(out, 'events.jsonl'), record.slice(0, record.length / 2).join('\n'));
    await redis!.restart();
    const resumed = await runCommand(sensitivityCommand, [], [{ resume: out, redis: redis!.url }]);
    expect(resumed.units).toEqual(here.units);
    const alone = await runCommand(sensitivityCommand, [], [{ resume: out }]);
    expect(alone.units).toEqual(here.units);
  }, 240_000);

  it('steps of a recipe come back as if they had run here', async () => {
    const cut = {
      data: at('images'),
      epochs: 1,
      batch: 16,
      threads: 1,
      executor: 'onnxruntime',
      benchSeconds: 0.1,
    };
    const steps = [
      {
        do: 'prune',
        name: '{criterion}',
        model: '$in',
        options: { ...cut, ratio: 0.25, round: 1 },
        sweep: { criterion: ['l1-norm', 'random'] },
      },
      { do: 'fold', model: '$l1-norm/model.onnx' },
      { do: 'eval', model: '$fold/model.onnx', options: { data: at('images') } },
    ];
    writeFileSync(at('sweep.json'), JSON.stringify({ name: 'sweep', steps }));
    const results = await Promise.all(
      [{ out: at('run-here') }, { out: at('run-there'), redis: redis!.url }].map(async (raw) => {
        const words = [at('sweep.json'), at('base', 'model.onnx')];
        const { data } = await runRecipe.run(invocationOf(runRecipe, words, raw), silent);
        return data as { steps: { name: string; data: { top1?: number } }[] };
      }),
    );
    const [here, there] = results;
    expect(there!.steps.map(({ name }) => name)).toEqual(['l1-norm', 'random', 'fold', 'eval']);
    expect(there!.steps[3]!.data).toEqual(here!.steps[3]!.data);
    for (const step of ['01-l1-norm', '02-random', '03-fold'])
      expect(readFileSync(at('run-there', step, 'model.onnx'))).toEqual(
        readFileSync(at('run-here', step, 'model.onnx')),
      );
    // Paths are those of the run, not of the worker.
    const { recipe } = openRunDirectory(at('run-there', '01-l1-norm'));
    expect(recipe.options).toMatchObject({
      model: at('base', 'model.onnx'),
      out: at('run-there', '01-l1-norm'),
    });
    expect(JSON.stringify(there)).not.toContain('worker-');
  }, 240_000);

  it('a worker deploys, and its record comes back', async () => {
    const steps = [{ do: 'deploy', model: '$in', options: { seconds: 0.05, cache: false } }];
    writeFileSync(at('ship.json'), JSON.stringify({ name: 'ship', steps }));
    writeModelFile(maskedNetwork(), at('masked.onnx'));
    const out = at('ship');
    const raw = { out, redis: redis!.url };
    await runRecipe.run(invocationOf(runRecipe, [at('ship.json'), at('masked.onnx')], raw), silent);
    const input = normals([2, 32, 16, 16], 3);
    const shipped = readModelFile(join(out, '01-deploy', 'model.onnx'));
    expect(
      relativeError(await outputOf(shipped, input), await outputOf(maskedNetwork(), input)),
    ).toBeLessThan(1e-5);
    const page = readFileSync(join(out, '01-deploy', 'report.html')).toString();
    expect(page).toContain('<h2>Forms</h2>');
    expect(page).toContain(`espalier deploy ${at('masked.onnx')} --out ${join(out, '01-deploy')}`);
  }, 120_000);

  it('a step that fails is named, what reads its files is not run, and the others finish', async () => {
    const steps = [
      { do: 'eval', name: 'absent', model: '$in', options: { data: at('nowhere') } },
      { do: 'fold', name: 'broken', model: at('no.onnx') },
      { do: 'inspect', name: 'after', model: '$broken/model.onnx' },
      { do: 'inspect', name: 'sound', model: '$in' },
    ];
    writeFileSync(at('failing.json'), JSON.stringify({ name: 'failing', steps }));
    const raw = { out: at('failing'), redis: redis!.url };
    const words = [at('failing.json'), 'resnet20'];
    await expect(runRecipe.run(invocationOf(runRecipe, words, raw), silent)).rejects.toThrow(
      /^step absent: .*nowhere: no such folder on worker .*; also failed: broken; not run: after$/,
    );
    const finished = openRunDirectory(at('failing'))
      .readEvents()
      .flatMap(({ type, name }) => (type === 'finish' ? [name] : []));
    expect(finished).toEqual(['sound']);
  }, 120_000);

  it('replicas end with the weights of those in processes, bit for bit', async () => {
    const raw = { ...training, batch: '8', epochs: '2', replicas: '2', averageEvery: '2' };
    await runCommand(trainModel, ['espalier-demo'], [{ ...raw, out: at('replicas-here') }]);
    const there = { ...raw, redis: redis!.url, out: at('replicas-there') };
    await runCommand(trainModel, ['espalier-demo'], [there]);
    expect(readFileSync(at('replicas-there', 'model.onnx'))).toEqual(
      readFileSync(at('replicas-here', 'model.onnx')),
    );
  }, 240_000);
});

describe('a worker', () => {
  const task: CommandTask = {
    kind: 'command',
    run: 'mine',
    name: 'task',
    command: 'inspect',
    args: ['resnet20'],
    options: {},
    inputs: [],
    out: null,
    data: null,
  };
  const perform = (changes: object) =>
    performCommand(checkedTask({ ...task, ...changes }) as CommandTask, {
      root: at('alone'),
      store: folderStore(at('store')),
      name: 'here',
    });

  it('runs a command that it knows', async () => {
    expect(await perform({})).toMatchObject({ files: [], worker: 'here' });
    expect(existsSync(at('alone', 'mine', 'task', 'out'))).toBe(false);
  });

  it.each([
    [{ command: 'worker' }, 'workers do not run the command worker'],
    [{ command: 'data get' }, 'workers do not run the command data get'],
    [{ args: ['/etc/passwd'] }, 'inspect: the task does not contain the model /etc/passwd'],
    [
      { command: 'eval', options: { labels: '/etc/passwd' } },
      'eval: workers do not accept the option labels',
    ],
    [
      { command: 'eval', options: { teacher: '/etc/secret.onnx' } },
      'eval: workers do not accept the option teacher',
    ],
    [{ command: 'fold', options: { out: '/tmp/x.onnx' } }, 'fold: workers do not accept the option out'],
    [{ command: 'train', options: { redis: 'redis://x' } }, 'train: workers do not accept the option redis'],
    [{ options: { nonsense: true } }, 'inspect: workers do not accept the option nonsense'],
    [{ command: 'bench', options: { batch: '0' } }, '--batch: expected a whole number of at least 1'],
    [
      { data: { place: '/nowhere', shown: 'x' } },
      '/nowhere: no such folder on worker here: data sets are not sent to workers',
    ],
    [
      { inputs: [{ shown: 'x', files: [{ path: '../x', key: 'a'.repeat(64) }] }] },
      'expected a path below a folder',
    ],
    [{ out: { file: '/etc/x', shown: 'x' } }, 'expected a path below a folder'],
    [{ name: '../up' }, 'expected a word'],
  ])('refuses %j', async (changes, message) => {
    await expect((async () => perform(changes))()).rejects.toThrow(message);
  });
});
