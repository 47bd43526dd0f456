/** Gives thousands of mutated files to every command. See bench/README.md; run with `npm run bench:fuzz -- --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeRandomImages } from './cases/images.ts';
import { fuzz } from './fuzz/fuzz.ts';

const usage = `usage: npm run bench:fuzz -- [options]

  --inputs N  mutated files (default 20000)
  --from N    number of the first (default 0)
  --seed N    (default 1)
  --json      one JSON document on stdout`;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${usage}\n`);
  const root = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'));
  try {
    const images = join(root, 'images');
    await writeRandomImages(images, { count: 16, size: 32 });
    const found = await fuzz({
      seed: Number(values.seed),
      from: Number(values.from),
      count: Number(values.inputs),
      images,
      folder: join(root, 'work'),
      progress: (done) => void process.stderr.write(`${done} of ${values.inputs} inputs\n`),
    });
    const lines = found.faults.map(
      ({ kind, index, command, detail }) => `${kind}  input ${index}, ${command}: ${detail}`,
    );
    const { endings, slowest, largest } = found;
    const text = [
      ...lines,
      `${found.faults.length} faults in ${values.inputs} inputs`,
      `endings: ${Object.entries(endings)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ')}`,
      `slowest: ${slowest.ms} ms (input ${slowest.index}, ${slowest.command})`,
      `largest: ${largest.megabytes} MB (input ${largest.index}, ${largest.command})`,
    ].join('\n');
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${text}\n`);
    process.exitCode = found.faults.length > 0 ? 1 : 0;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
