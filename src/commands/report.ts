import { join } from 'node:path';
import { defineCommand } from './command.ts';
import { optional, text } from './flags.ts';

export const report = defineCommand({
  name: 'report',
  summary: 'one self-contained HTML page on a run',
  arguments: [{ name: '<dir>', summary: 'the folder of a run, as --out named it' }],
  options: { out: optional('--out <file>', 'where the page goes; DIR/report.html where left out', text) },
  examples: [['espalier report runs/shapes', 'write runs/shapes/report.html']],
  async run({ args: [directory = ''], options: { out } }) {
    const path = out ?? join(directory, 'report.html');
    await writeReport(directory, path);
    return { data: { path }, text: `written to ${path}` };
  },
});

/** Writes the page on the run in a folder. */
export async function writeReport(directory: string, path: string): Promise<void> {
  const { readRunRecord, renderReport } = await import('../report/index.ts');
  const { writeFileAtomically } = await import('../files.ts');
  writeFileAtomically(path, [renderReport(readRunRecord(directory))]);
}
