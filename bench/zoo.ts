/**
 * Prunes every classification network of torchvision and compares each with its masked original. See bench/README.md; run
 * with `npm run bench:zoo -- --help`.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { failureOf } from '../src/cli/failure.ts';
import { EspalierError } from '../src/errors.ts';
import { runChild } from './training/child.ts';
import { parseOptions, usage, type ZooOptions } from './zoo/options.ts';
import { type Pruned, type Row, reasonsText, rowOf, zooTable } from './zoo/row.ts';
import { exported, networkNames } from './zoo/torchvision.ts';

/** Torch-Pruning 1.x at the same ratio, as its authors count and as it was timed here. */
const peer = {
  networks: '77 of 85, of which widths alone were checked',
  resnet50Ms: 730,
  densenet121Ms: 2540,
};
const script = fileURLToPath(new URL('zoo/prune.ts', import.meta.url));

async function rowFor(network: string, options: ZooOptions): Promise<Row> {
  try {
    const flags = options.dynamicBatch ? ['--dynamic-batch'] : [];
    const path = await exported(network, { cache: options.cache, flags });
    try {
      // A process of its own: a network that kills the engine is one row, and nothing is warm.
      const args = ['--import', 'tsx', script, path, String(options.ratio)];
      const found = await runChild({ label: network, command: process.execPath, args, threads: 2 });
      return rowOf(network, found as unknown as Pruned);
    } finally {
      if (!options.keep) rmSync(dirname(path), { recursive: true, force: true });
    }
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { network, failed: error.message };
  }
}

function summary(rows: readonly Row[]): string {
  const failed = rows.filter((row) => row.failed !== null);
  const names = failed.length > 0 ? `; not ${failed.map(({ network }) => network).join(', ')}` : '';
  return [
    `${rows.length - failed.length} of ${rows.length} lost MACs and compute what their masked originals do${names}`,
    `Torch-Pruning: ${peer.networks}; analysis and cut of resnet50 ${peer.resnet50Ms} ms, densenet121 ${peer.densenet121Ms} ms`,
  ].join('\n');
}

/** The rows that an earlier run left; a line that was cut short is none. */
function knownRows(file: string): Map<string, Row> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const rows = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Row);
  return new Map(rows.map((row) => [row.network, row]));
}

async function benchmark(options: ZooOptions): Promise<Row[]> {
  // Not handed to filter itself, which would pass the index as an option.
  const matches = picomatch(options.only);
  const wanted = (await networkNames()).filter((name) => matches(name));
  const known = knownRows(options.rows);
  const rows: Row[] = [];
  for (const network of wanted) {
    const row = known.get(network) ?? (await rowFor(network, options));
    if (!known.has(network)) appendFileSync(options.rows, `${JSON.stringify(row)}\n`);
    rows.push(row);
    process.stderr.write(`${rows.length}/${wanted.length} ${network}: ${row.failed ?? 'pruned'}\n`);
  }
  return rows;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) {
    const rows = await benchmark(options);
    const text = [zooTable(rows), ...(options.reasons ? [reasonsText(rows)] : []), summary(rows)].join(
      '\n\n',
    );
    console.log(options.json ? JSON.stringify({ networks: rows, peer }, null, 2) : text);
    if (rows.some(({ failed }) => failed !== null)) process.exitCode = 1;
  } else {
    console.log(usage);
  }
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`error: ${failure?.message}\n`);
  process.exitCode = failure?.exitCode ?? 1;
}
