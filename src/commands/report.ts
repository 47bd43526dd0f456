import { join } from 'node:path';
import { printableLine } from '../printable.ts';
import { defineCommand } from './command.ts';
import { optional, text } from './flags.ts';

export const report = defineCommand({
  name: 'report',
  summary: 'write a self-contained HTML page about a run',
  arguments: [{ name: '<dir>', summary: 'the folder of a run, as given to --out' }],
  options: { out: optional('--out <file>', 'file to write the page to (default: DIR/report.html)', text) },
  examples: [['espalier report runs/shapes', 'write runs/shapes/report.html']],
  async run({ args: [directory = ''], options: { out } }) {
    const path = out ?? join(directory, 'report.html');
    await writeReport(directory, path);
    return { data: { path }, text: printableLine(`written to ${path}`) };
  },
});

/** Writes the report of a run directory. */
export async function writeReport(directory: string, path: string): Promise<void> {
  const { writeFileAtomically } = await import('../files.ts');
  writeFileAtomically(path, [await reportOf(directory)]);
}

/** The report of a run directory, as an HTML page. */
export async function reportOf(directory: string): Promise<string> {
  const { readRunRecord, renderReport, renderSteps } = await import('../report/index.ts');
  const record = readRunRecord(directory);
  if (record.recipe.command === 'run') return renderSteps(directory);
  const defaults = await defaultsOf(record.recipe.command);
  return renderReport({ ...record, defaults });
}

/** The default values of a command's options. */
async function defaultsOf(name: string): Promise<Record<string, unknown>> {
  const { stepCommands: commands } = await import('./index.ts');
  const { options = {} } = commands.find((command) => command.name === name) ?? {};
  const optional = Object.entries(options).filter(([, flag]) => !flag.required);
  return Object.fromEntries(optional.map(([key, flag]) => [key, flag.read(undefined)]));
}
