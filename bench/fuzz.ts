/** Gives thousands of mutated files to every command. See bench/README.md; run with `npm run bench:fuzz -- --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Fault, fuzz } from './fuzz/fuzz.ts';

const usage = `usage: npm run bench:fuzz -- [options]

  --inputs N  mutated files (default 20000)
  --from N    number of the first (default 0)
  --seed N    (default 1)
  --processes N  that share the inputs (default 1)
  --json      one JSON document on stdout`;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const described = ({ kind, index, command, detail }: Fault) =>
  `${kind}  input ${index}, ${command}: ${detail}`;

const counts = (codes: Readonly<Record<string, number>>) =>
  Object.entries(codes)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${usage}\n`);
  const root = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'));
  try {
    let told = 0;
    const found = await fuzz({
      seed: Number(values.seed),
      from: Number(values.from),
      count: Number(values.inputs),
      processes: Number(values.processes),
      folder: root,
      progress: (done, { faults }) => {
        for (const fault of faults.slice(told)) process.stderr.write(`${described(fault)}\n`);
        told = faults.length;
        process.stderr.write(`${done} of ${values.inputs} inputs, ${told} faults\n`);
      },
    });
    const { faults, endings, slowest, largest } = found;
    const text = [
      ...faults.map(described),
      `${faults.length} faults in ${values.inputs} inputs`,
      ...Object.entries(endings).map(([command, codes]) => `${command}: ${counts(codes)}`),
      `slowest: ${slowest.ms} ms (input ${slowest.index}, ${slowest.command})`,
      `largest: ${largest.megabytes} MB (input ${largest.index}, ${largest.command})`,
    ].join('\n');
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${text}\n`);
    process.exitCode = faults.length > 0 ? 1 : 0;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
