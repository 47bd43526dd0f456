import type { Command } from '../../src/commands/command.ts';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import type { RawValue } from '../../src/commands/flags.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import type { DifferenceOptions, ErrorNorm } from './difference.ts';

/** What is done to a network, and by how much its outputs may then differ from those of the file that was given. */
export interface Operation {
  readonly command: Command;
  readonly flags: Readonly<Record<string, RawValue>>;
  readonly tolerance: number;
  /** How the error is taken; default: relative to the largest element. */
  readonly norm?: ErrorNorm;
  /** What both files are given; default: noise. */
  readonly inputs?: DifferenceOptions['inputs'];
  /** Whether images of a folder are looked at. */
  readonly images?: boolean;
  /** Whether MACs must go: half of the filters are dead. */
  readonly shrinks?: boolean;
}

const pruning = { round: '1', floor: '0', benchSeconds: '0.02' };

/** Exact: half of the filters are zero, so that removing or skipping them changes nothing. Integers and recovery are not. */
export const operations = {
  fold: { command: foldCommand, flags: {}, tolerance: 1e-4 },
  'prune local': {
    command: pruneCommand,
    flags: { ...pruning, ratio: '0.5' },
    tolerance: 1e-4,
    shrinks: true,
  },
  'prune global': {
    command: pruneCommand,
    flags: { ...pruning, ratio: '0.3', scope: 'global' },
    tolerance: 1e-4,
    shrinks: true,
  },
  'prune --macs': {
    command: pruneCommand,
    flags: { ...pruning, macs: '0.85', scope: 'global' },
    tolerance: 1e-4,
    shrinks: true,
  },
  stripes: {
    command: pruneCommand,
    flags: { ...pruning, granularity: 'stripe', scope: 'global', ratio: '0.3' },
    tolerance: 1e-4,
  },
  rmnet: { command: rmnet, flags: { benchSeconds: '0.02' }, tolerance: 1e-4 },
  deploy: { command: deployCommand, flags: { seconds: '0.02', cache: false }, tolerance: 1e-4 },
  int8: {
    command: deployCommand,
    flags: { seconds: '0.02', cache: false, int8: true },
    // On images such as those of the calibration, at other sizes too; a wrong layer gives about 1.
    tolerance: 0.1,
    norm: 'energy',
    inputs: 'patches',
    images: true,
  },
  recovery: {
    command: pruneCommand,
    flags: { ...pruning, ratio: '0.5' },
    tolerance: 0.05,
    images: true,
    shrinks: true,
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;
