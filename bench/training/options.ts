import { parseArgs } from 'node:util';
import { EspalierError } from '../../src/errors.ts';
import { type BenchNetwork, networks } from './networks.ts';

export interface BenchOptions {
  readonly networks: readonly BenchNetwork[];
  /** Images a step; null for each network's own. */
  readonly batch: number | null;
  readonly threads: number;
  readonly rounds: number;
  /** Training steps of one measurement, the two that warm up among them. */
  readonly steps: number;
  /** The first that runs here is the one compared with the peer. */
  readonly executors: readonly string[];
  readonly json: boolean;
}

/** The first steps of a measurement allocate and choose kernels; neither side counts them. */
export const WARM_UP_STEPS = 2;

export const usage = `usage: npm run bench:training -- [options]

  --networks LIST   of ${networks.map(({ name }) => name).join()} (default: all)
  --batch N         images a step (default: 128 of 32 × 32, 8 to 32 of larger images)
  --threads N       threads of either side (default 2)
  --rounds N        times that everything is measured in turn (default 3)
  --steps N         training steps a measurement, at least 3 (default 10)
  --executors LIST  of onednn,onnxruntime (default: both)
  --json            one JSON document on stdout`;

const executors = ['onednn', 'onnxruntime'];

/** The benchmark's options, null where help was asked for; throws `usage`. */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const given = parsed(args);
  if (given.help) return null;
  const names = networks.map(({ name }) => name);
  const wanted = listed('--networks', given.networks, names);
  return {
    networks: wanted.map((wantedName) => networks.find(({ name }) => name === wantedName)!),
    batch: given.batch === undefined ? null : whole('--batch', given.batch, 1),
    threads: whole('--threads', given.threads, 1),
    rounds: whole('--rounds', given.rounds, 1),
    steps: whole('--steps', given.steps, WARM_UP_STEPS + 1),
    executors: listed('--executors', given.executors, executors),
    json: given.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        networks: { type: 'string', default: networks.map(({ name }) => name).join() },
        batch: { type: 'string' },
        threads: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '3' },
        steps: { type: 'string', default: '10' },
        executors: { type: 'string', default: executors.join() },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw new EspalierError('usage', (cause as Error).message, { cause });
  }
}

function whole(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new EspalierError('usage', `${flag}: expected a whole number of at least ${least}, got ${text}`);
}

function listed(flag: string, text: string, known: readonly string[]): string[] {
  const names = [...new Set(text.split(','))];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new EspalierError('usage', `${flag}: expected some of ${known.join(', ')}, got ${unknown}`);
}
