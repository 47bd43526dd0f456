import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EspalierError } from '../../src/errors.ts';

export interface ZooOptions {
  readonly only: string;
  readonly cache: string;
  /** Where each row is kept as soon as it is there, a line of JSON. */
  readonly rows: string;
  /** Whether networks are compiled to WebAssembly instead of pruned. */
  readonly compile: boolean;
  readonly ratio: number;
  readonly keep: boolean;
  readonly dynamicBatch: boolean;
  readonly reasons: boolean;
  readonly json: boolean;
}

const cache = join(tmpdir(), 'espalier-zoo');
const rowsOf = (compile: boolean): string =>
  join(tmpdir(), `espalier-zoo-${compile ? 'compile-' : ''}rows.jsonl`);
/** torchvision's transformers. */
const convolutional = '!(vit|swin|maxvit)*';

export const usage = `usage: npm run bench:zoo -- [options]

  --only GLOB      networks by name (default: all; with --compile, all but transformers)
  --compile        compile networks to WebAssembly and compare them with onnxruntime, instead of pruning them
  --ratio R        channels of every group that go (default 0.5)
  --cache FOLDER   where torchvision's networks are exported to (default ${cache})
  --rows FILE      where each row is kept as soon as it is there; rows that it has are not measured again
                   (default ${rowsOf(false)}, with --compile ${rowsOf(true)})
  --keep           keep them there; without it each goes once it was pruned
  --dynamic-batch  export them for any number of images
  --reasons        every group that is left alone, and why
  --json           one JSON document on stdout`;

/** The benchmark's options, null where help was asked for; throws `usage`. */
export function parseOptions(args: readonly string[]): ZooOptions | null {
  const { help, ratio, 'dynamic-batch': dynamicBatch, compile, ...given } = parsed(args);
  if (help) return null;
  const part = Number(ratio);
  if (!(part > 0 && part < 1))
    throw new EspalierError('usage', `--ratio: expected a number between 0 and 1, got ${ratio}`);
  const { only = compile ? convolutional : '*', rows = rowsOf(compile) } = given;
  return { ...given, only, rows, compile, dynamicBatch, ratio: part };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        compile: { type: 'boolean', default: false },
        ratio: { type: 'string', default: '0.5' },
        cache: { type: 'string', default: cache },
        rows: { type: 'string' },
        keep: { type: 'boolean', default: false },
        'dynamic-batch': { type: 'boolean', default: false },
        reasons: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw new EspalierError('usage', (cause as Error).message, { cause });
  }
}
