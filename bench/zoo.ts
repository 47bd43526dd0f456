/**
 * Prunes every classification network of torchvision and compares each with its masked original, or compiles it and compares it with
 * onnxruntime. See bench/README.md; run with `npm run bench:zoo -- --help`.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { failureOf } from '../src/cli/failure.ts';
import { EspalierError } from '../src/errors.ts';
import { runChild } from './training/child.ts';
import { compileStudy } from './zoo/compiled-row.ts';
import { parseOptions, usage, type ZooOptions } from './zoo/options.ts';
import { pruneStudy } from './zoo/row.ts';
import type { Study, StudyRow } from './zoo/study.ts';
import { exported, networkNames } from './zoo/torchvision.ts';

const studyOf = ({ compile }: ZooOptions): Study => (compile ? compileStudy : pruneStudy);

async function rowFor(network: string, options: ZooOptions): Promise<StudyRow> {
  try {
    const study = studyOf(options);
    const flags = options.dynamicBatch ? ['--dynamic-batch'] : [];
    const path = await exported(network, { cache: options.cache, flags });
    try {
      // A process of its own: a network that kills the engine is one row, and nothing is warm.
      const script = fileURLToPath(new URL(`zoo/${study.script}`, import.meta.url));
      const args = ['--import', 'tsx', script, path, ...study.args(options)];
      const found = await runChild({ label: network, command: process.execPath, args, threads: 2 });
      return study.rowOf(network, found);
    } finally {
      if (!options.keep) rmSync(dirname(path), { recursive: true, force: true });
    }
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { network, failed: error.message };
  }
}

/** The rows that an earlier run left; a line that was cut short is none. */
function knownRows(file: string): Map<string, StudyRow> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const rows = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as StudyRow);
  return new Map(rows.map((row) => [row.network, row]));
}

async function benchmark(options: ZooOptions): Promise<StudyRow[]> {
  // Not handed to filter itself, which would pass the index as an option.
  const matches = picomatch(options.only);
  const wanted = (await networkNames()).filter((name) => matches(name));
  const known = knownRows(options.rows);
  const rows: StudyRow[] = [];
  for (const network of wanted) {
    const row = known.get(network) ?? (await rowFor(network, options));
    if (!known.has(network)) appendFileSync(options.rows, `${JSON.stringify(row)}\n`);
    rows.push(row);
    process.stderr.write(`${rows.length}/${wanted.length} ${network}: ${row.failed ?? 'done'}\n`);
  }
  return rows;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) {
    const rows = await benchmark(options);
    const { text, document } = studyOf(options);
    console.log(options.json ? JSON.stringify(document(rows), null, 2) : text(rows, options));
    if (rows.some(({ failed }) => failed !== null)) process.exitCode = 1;
  } else {
    console.log(usage);
  }
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`error: ${failure?.message}\n`);
  process.exitCode = failure?.exitCode ?? 1;
}
