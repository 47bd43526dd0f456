/**
 * Prunes torchvision's detectors and segmenters whole, and compares each with the file that was given, the weights that went zeroed.
 * See bench/README.md; run with `npm run bench:detectors -- --help`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { failureOf } from '../src/cli/failure.ts';
import { EspalierError } from '../src/errors.ts';
import type { Compared } from './detectors/compare.ts';
import { type Costs, type DetectorRow, detectorTable, rowOf } from './detectors/row.ts';
import { runChild } from './training/child.ts';
import { exported } from './zoo/torchvision.ts';

const networks = [
  'lraspp_mobilenet_v3_large',
  'deeplabv3_resnet50',
  'ssdlite320_mobilenet_v3_large',
  'retinanet_resnet50_fpn',
];
const sizes = { fixed: [], free: ['--free-size'] } as const;
type Sizes = keyof typeof sizes;
const cache = join(tmpdir(), 'espalier-detectors');

const usage = `usage: npm run bench:detectors -- [options]

  --networks LIST  some of ${networks.join(', ')} (default: all)
  --sizes LIST     of the image: fixed, free (default: both)
  --opset N        that they are exported at (default 16)
  --target T       how they are pruned: macs or ratio (default macs)
  --part P         the part of the MACs that stays, or of the channels that goes (default 0.5)
  --cache FOLDER   where they are exported to, and stay (default ${cache})
  --json           one JSON document on stdout`;

const cli = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const compare = fileURLToPath(new URL('detectors/compare.ts', import.meta.url));

const parsed = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      networks: { type: 'string', default: networks.join(',') },
      sizes: { type: 'string', default: Object.keys(sizes).join(',') },
      opset: { type: 'string', default: '16' },
      target: { type: 'string', default: 'macs' },
      part: { type: 'string', default: '0.5' },
      cache: { type: 'string', default: cache },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;

type Options = ReturnType<typeof parsed>;

interface Job {
  readonly network: string;
  readonly size: Sizes;
  readonly options: Options;
  readonly folder: string;
}

/** Exports, prunes by the command, and compares, each in a process of its own. */
async function rowFor({ network, size, options, folder }: Job): Promise<DetectorRow> {
  try {
    const flags = ['--opset', options.opset, ...sizes[size]];
    const given = await exported(network, { cache: options.cache, flags });
    const out = join(folder, `${network}-${size}.onnx`);
    const target = [`--${options.target}`, options.part, ...(size === 'free' ? ['--size', '224'] : [])];
    const started = performance.now();
    const costs = await runChild({
      label: network,
      command: process.execPath,
      args: [
        '--import',
        'tsx',
        cli,
        'prune',
        given,
        ...target,
        '--out',
        out,
        '--bench-seconds',
        '0.1',
        '--json',
      ],
      threads: 2,
    });
    const seconds = (performance.now() - started) / 1000;
    const args = ['--import', 'tsx', compare, given, out];
    const found = await runChild({ label: network, command: process.execPath, args, threads: 2 });
    return rowOf(network, size, {
      ...(costs as unknown as Costs),
      ...(found as unknown as Compared),
      seconds,
    });
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { network, size, failed: error.message };
  }
}

async function benchmark(options: Options): Promise<DetectorRow[]> {
  const rows: DetectorRow[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'espalier-detectors-'));
  try {
    for (const network of chosen(options.networks, networks))
      for (const size of chosen(options.sizes, Object.keys(sizes)) as Sizes[]) {
        const row = await rowFor({ network, size, options, folder });
        rows.push(row);
        process.stderr.write(`${network}, ${size}: ${row.failed ?? 'equal'}\n`);
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

function chosen(list: string, known: readonly string[]): string[] {
  const names = list.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new EspalierError('usage', `expected some of ${known.join(', ')}, found ${unknown}`);
}

try {
  const options = parsed(process.argv.slice(2));
  if (options.help) console.log(usage);
  else {
    const rows = await benchmark(options);
    console.log(options.json ? JSON.stringify({ networks: rows }, null, 2) : detectorTable(rows));
    if (rows.some(({ failed }) => failed !== null)) process.exitCode = 1;
  }
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`error: ${failure?.message ?? (error as Error).message}\n`);
  process.exitCode = failure?.exitCode ?? 1;
}
