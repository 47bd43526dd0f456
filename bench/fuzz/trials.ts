import { bench } from '../../src/commands/bench/bench.ts';
import type { Command } from '../../src/commands/command.ts';
import { compileCommand } from '../../src/commands/compile/compile.ts';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { evaluateModel } from '../../src/commands/eval.ts';
import type { RawValue } from '../../src/commands/flags.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { sensitivityCommand } from '../../src/commands/sensitivity/sensitivity.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';

/** A command line that a mutated file is given to. */
export interface Trial {
  readonly name: string;
  readonly command: Command;
  readonly flags: Readonly<Record<string, RawValue>>;
  /** What is written: a file, a folder, or nothing. */
  readonly out?: 'file' | 'folder';
  /** Images that it looks at. */
  readonly data?: 'labelled' | 'unlabelled';
}

const pixels = { mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25' };
const quick = { benchSeconds: '0.01' };
const forms = { seconds: '0.01', cache: false };
const training = { ...pixels, epochs: '1', batch: '5', executor: 'onnxruntime', threads: '1' };

/** What every file is given to. */
const always = (size: string): Trial[] => [
  { name: 'inspect', command: inspect, flags: { size } },
  { name: 'fold', command: foldCommand, flags: {}, out: 'file' },
  { name: 'prune', command: pruneCommand, flags: { size, ...quick, ratio: '0.5' }, out: 'file' },
  {
    name: 'prune stripes',
    command: pruneCommand,
    flags: { size, ...quick, granularity: 'stripe', ratio: '0.5' },
    out: 'file',
  },
  { name: 'prune plan', command: pruneCommand, flags: { size, macs: '0.5', scope: 'global', plan: true } },
  {
    name: 'prune data',
    command: pruneCommand,
    flags: { size, ...pixels, ...quick, limit: '4', ratio: '0.5' },
    out: 'file',
    data: 'unlabelled',
  },
  { name: 'rmnet', command: rmnet, flags: { size, ...quick }, out: 'file' },
  { name: 'deploy', command: deployCommand, flags: { size, ...forms }, out: 'file' },
  {
    name: 'deploy int8',
    command: deployCommand,
    flags: { size, ...pixels, ...forms, int8: true, limit: '4' },
    out: 'file',
    data: 'unlabelled',
  },
  { name: 'compile', command: compileCommand, flags: { size, seconds: '0' }, out: 'folder' },
  { name: 'bench', command: bench, flags: { size, seconds: '0.01', coldStarts: '0' } },
  {
    name: 'sensitivity',
    command: sensitivityCommand,
    flags: { size, ...pixels, limit: '4', ratios: '0.5' },
    out: 'folder',
    data: 'unlabelled',
  },
  { name: 'eval', command: evaluateModel, flags: { ...pixels, limit: '4' }, data: 'labelled' },
];

/** What takes longest: each file is given to one of them. */
const inTurn = (size: string): Trial[] => [
  { name: 'train', command: trainModel, flags: { ...training, size }, out: 'folder', data: 'labelled' },
  {
    name: 'swp',
    command: swp,
    flags: { ...training, ...quick, size, macs: '0.5' },
    out: 'folder',
    data: 'labelled',
  },
  {
    name: 'graft',
    command: graftCommand,
    flags: { ...training, size, source: 'internal', networks: '1', processes: '1' },
    out: 'folder',
    data: 'labelled',
  },
];

/** The command lines for the input of a number; the size is HxW, of its images. */
export function trialsOf(index: number, size: string): Trial[] {
  const turn = inTurn(size);
  return [...always(size), turn[index % turn.length]!];
}
