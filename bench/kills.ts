/** Kills runs at random moments and resumes them. See bench/README.md; run with `npm run bench:kills -- --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { textTable } from '../src/report/text-table.ts';
import { writeImageFolder } from '../test/support/image-folder.ts';
import { killedCommands } from './kills/commands.ts';
import { type KilledRun, killRuns } from './kills/kills.ts';

const usage = `usage: npm run bench:kills -- [options]

  --kills N        processes to kill (default 100)
  --seed N         of the moments (default 1)
  --commands LIST  some of ${Object.keys(killedCommands).join(', ')}
  --json           one JSON document on stdout`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    commands: { type: 'string', default: Object.keys(killedCommands).join(',') },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${usage}\n`);
  const root = mkdtempSync(join(tmpdir(), 'espalier-kills-'));
  const images = join(root, 'images');
  await writeImageFolder(images, { count: 64, size: 16, classes: 3, seed: 1 });
  const runs = await killRuns({
    kills: Number(values.kills),
    seed: Number(values.seed),
    commands: values.commands.split(','),
    images,
    folder: join(root, 'runs'),
    entry: [fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))],
    progress: (line) => void process.stderr.write(`${line}\n`),
  });
  const wrong = runs.filter(({ verdict }) => verdict !== 'equal');
  process.stdout.write(values.json ? `${JSON.stringify(runs)}\n` : `${tableOf(runs)}\n`);
  for (const { command, verdict, detail, folder } of values.json ? [] : wrong)
    process.stdout.write(`${command} ${verdict}: ${detail}\n  kept in ${folder}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
  if (wrong.length === 0) rmSync(root, { recursive: true, force: true });
}

function tableOf(runs: readonly KilledRun[]): string {
  const names = [...new Set(runs.map(({ command }) => command))];
  const own = (name: string) => runs.filter(({ command }) => command === name);
  const count = (wanted: KilledRun['verdict']) => (name: string) =>
    String(own(name).filter(({ verdict }) => verdict === wanted).length);
  const sum = (what: 'kills' | 'midWrite') => (name: string) =>
    String(own(name).reduce((total, run) => total + run[what], 0));
  return textTable(names, [
    { head: 'command', cell: (name) => name },
    { head: 'runs', cell: (name) => String(own(name).length), align: 'right' },
    { head: 'kills', cell: sum('kills'), align: 'right' },
    { head: 'in a write', cell: sum('midWrite'), align: 'right' },
    { head: 'equal', cell: count('equal'), align: 'right' },
    { head: 'different', cell: count('different'), align: 'right' },
    { head: 'failed', cell: count('failed'), align: 'right' },
  ]);
}

await main();
