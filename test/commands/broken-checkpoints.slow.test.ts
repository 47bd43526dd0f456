import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command, Context } from '../../src/commands/command.ts';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { EspalierError } from '../../src/errors.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { type Raw, runCommand, silent } from '../support/run-command.ts';
import { plainNetwork } from '../support/small-network.ts';

const root = mkdtempSync(join(tmpdir(), 'espalier-broken-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...parts: string[]) => join(root, ...parts);
const model = at('start.onnx');
const training = {
  ...{ data: at('images'), batch: 8, threads: 1, executor: 'onnxruntime', lr: 0.05, epochs: 1 },
  ...{ mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25', checkpointSeconds: 0.001 },
};
const raw: Raw = Object.fromEntries(Object.entries(training).map(([key, value]) => [key, String(value)]));

beforeAll(async () => {
  await writeImageFolder(at('images'), { count: 24, size: 8, classes: 3, seed: 1 });
  writeModelFile(plainNetwork({ classes: 3 }), model);
  const steps = [{ do: 'train', model: '$in', options: training }];
  writeFileSync(at('recipe.json'), JSON.stringify({ name: 'broken', steps }));
}, 60_000);

interface Case {
  readonly command: Command;
  readonly args?: readonly string[];
  readonly raw?: Raw;
  /** The folder of checkpoints within that of the run. */
  readonly folder?: string;
}

const cases: Readonly<Record<string, Case>> = {
  train: { command: trainModel, raw },
  swp: { command: swp, raw: { ...raw, macs: '0.8', sr: '0.01', benchSeconds: '0.01' } },
  prune: { command: pruneCommand, raw: { ...raw, macs: '0.6', benchSeconds: '0.01' }, folder: 'step-1' },
  graft: {
    command: graftCommand,
    raw: { ...raw, epochs: '2', networks: '2', processes: '1' },
    folder: 'network-2',
  },
  replicas: {
    command: trainModel,
    raw: { ...raw, batch: '4', replicas: '2', averageEvery: '2' },
    folder: 'network-1',
  },
  run: { command: runRecipe, args: [at('recipe.json'), model], raw: {}, folder: '01-train' },
};

/** The checkpoints of a folder, newest first. */
const checkpoints = (folder: string): string[] => {
  const order = (name: string) => 2 * Number(/\d+/.exec(name)![0]) + (name.includes('grafted') ? 1 : 0);
  return readdirSync(folder)
    .filter((name) => /^checkpoint\..*safetensors$/.test(name))
    .sort((a, b) => order(b) - order(a));
};

/** Flips one bit of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 4;
  writeFileSync(path, bytes);
}

/** A terminal that keeps what it is warned of. */
function listening(): { readonly warnings: string[]; readonly context: Context } {
  const warnings: string[] = [];
  return { warnings, context: { ...silent, warn: (line) => void warnings.push(line) } };
}

describe.each(Object.entries(cases))('%s', (name, { command, args = [model], raw: given, folder = '.' }) => {
  const out = at(name);
  const result = () => readFileSync(join(command === runRecipe ? join(out, folder) : out, 'model.onnx'));
  const resume = () => {
    // A step of a recipe that is finished is not resumed: it was killed before it was.
    if (command === runRecipe) forget(join(out, 'events.jsonl'), 'finish');
    const { warnings, context } = listening();
    return { warnings, done: runCommand(command, [], [{ resume: out }, context]) };
  };

  it('names a broken checkpoint, goes on from the one before, and ends the same', {
    timeout: 120_000,
  }, async () => {
    await runCommand(command, args, [{ ...given!, out }]);
    const whole = result();
    const [newest] = checkpoints(join(out, folder));
    damage(join(out, folder, newest!));
    const { warnings, done } = resume();
    await done;
    expect(warnings.filter((line) => line.includes('broken'))).toEqual([
      `${join(out, folder, newest!)}: broken checkpoint: its checksum is wrong: continuing from the previous one`,
    ]);
    expect(result().equals(whole)).toBe(true);
  });

  it('ends with one line where none is whole', { timeout: 120_000 }, async () => {
    const all = checkpoints(join(out, folder));
    expect(all.length).toBeGreaterThan(1);
    for (const each of all) damage(join(out, folder, each));
    const failure: unknown = await resume().done.catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(EspalierError);
    const { code, message } = failure as EspalierError;
    expect(code).toBe('invalid-data');
    expect(message).not.toContain('\n');
    for (const each of all) expect(message).toContain(each);
  });
});

/** Removes events of a type from a record. */
function forget(path: string, type: string): void {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const kept = lines.filter((line) => (JSON.parse(line) as { type: string }).type !== type);
  writeFileSync(path, kept.map((line) => `${line}\n`).join(''));
}
