import { bench } from '../../src/commands/bench/bench.ts';
import type { Command } from '../../src/commands/command.ts';
import { deploy } from '../../src/commands/deploy/deploy.ts';
import { evaluateModel } from '../../src/commands/eval.ts';
import type { RawValue } from '../../src/commands/flags.ts';
import { fold } from '../../src/commands/fold.ts';
import { graft } from '../../src/commands/graft/graft.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { prune } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { sensitivity } from '../../src/commands/sensitivity/sensitivity.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';

/** A command line that a mutated file is given to. */
export interface Trial {
  readonly command: Command;
  readonly flags: Readonly<Record<string, RawValue>>;
  /** What is written: a file, a folder, or nothing. */
  readonly out?: 'file' | 'folder';
  readonly images?: boolean;
}

const size = { size: '32' };
const pixels = { mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25', limit: '8' };
const training = {
  ...size,
  ...pixels,
  epochs: '1',
  batch: '4',
  executor: 'onnxruntime',
  threads: '1',
  testLimit: '8',
};

/** What every file is given to. */
const always: readonly Trial[] = [
  { command: inspect, flags: size },
  { command: fold, flags: {}, out: 'file' },
  { command: prune, flags: { ...size, ratio: '0.5', benchSeconds: '0.01' }, out: 'file' },
  { command: rmnet, flags: { ...size, benchSeconds: '0.01' }, out: 'file' },
  { command: deploy, flags: { ...size, seconds: '0.01', cache: false }, out: 'file' },
  { command: bench, flags: { ...size, seconds: '0.01', coldStarts: '0' } },
];

/** What takes longer: one of these for each file, in turn. */
const inTurn: readonly Trial[] = [
  {
    command: prune,
    flags: { ...size, granularity: 'stripe', ratio: '0.5', benchSeconds: '0.01' },
    out: 'file',
  },
  { command: prune, flags: { ...size, macs: '0.5', scope: 'global', plan: true } },
  { command: evaluateModel, flags: { ...size, ...pixels }, images: true },
  {
    command: prune,
    flags: { ...size, ...pixels, ratio: '0.5', benchSeconds: '0.01' },
    out: 'file',
    images: true,
  },
  { command: sensitivity, flags: { ...size, ...pixels, ratios: '0.5' }, out: 'folder', images: true },
  {
    command: deploy,
    flags: { ...size, ...pixels, int8: true, seconds: '0.01', cache: false },
    out: 'file',
    images: true,
  },
  { command: trainModel, flags: training, out: 'folder', images: true },
  { command: swp, flags: { ...training, macs: '0.5', benchSeconds: '0.01' }, out: 'folder', images: true },
  { command: graft, flags: training, out: 'folder', images: true },
];

/** The command lines for the file of a number. */
export const trialsOf = (index: number): Trial[] => [...always, inTurn[index % inTurn.length]!];
