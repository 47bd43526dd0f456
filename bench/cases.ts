/**
 * Does everything that rewrites a network to a generated matrix of networks, as exporters of opsets 7 to 21 write them, and compares each
 * result with the file in onnxruntime. See bench/README.md; run with `npm run bench:cases -- --help`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { textTable } from '../src/report/text-table.ts';
import type { Cell } from './cases/cell.ts';
import { writeRandomImages } from './cases/images.ts';
import { type NetworkName, networks, opsets } from './cases/networks/index.ts';
import { type OperationName, operations } from './cases/operations.ts';

const usage = `usage: npm run bench:cases -- [options]

  --networks LIST    some of ${Object.keys(networks).join(', ')} (default: all)
  --opsets LIST      some of ${opsets.join(', ')} (default: all)
  --operations LIST  some of ${Object.keys(operations).join(', ')} (default: all)
  --json             one JSON document on stdout`;

const script = fileURLToPath(new URL('cases/run-cells.ts', import.meta.url));

interface Batch {
  readonly network: NetworkName;
  readonly opset: string;
  readonly names: readonly OperationName[];
}

/** Cells of a process of their own; one that dies is wrong for what it did not come to. */
function cellsOfProcess({ network, opset, names }: Batch, folder: string): Promise<Cell[]> {
  const own = join(folder, `${network}-${opset}`);
  const args = ['--import', 'tsx', script, network, opset, join(folder, 'images'), own, names.join(',')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      rmSync(own, { recursive: true, force: true });
      const lines = printed.split('\n').filter((line) => line.endsWith('}'));
      const cells = lines.map((line) => JSON.parse(line) as Cell);
      const missing = 8 * names.length - cells.length;
      if (code !== 0 || missing > 0)
        process.stderr.write(
          `${network} at opset ${opset}: ended with ${code ?? signal}, ${missing} cells missing\n`,
        );
      resolve(cells);
    });
  });
}

function tableOf(cells: readonly Cell[]): string {
  const rows = Object.keys(operations).filter((name) => cells.some(({ operation }) => operation === name));
  const column = (network: string) => ({
    head: network,
    align: 'right' as const,
    cell: (operation: string) => {
      const own = cells.filter((cell) => cell.operation === operation && cell.network === network);
      const count = (verdict: Cell['verdict']) => own.filter((cell) => cell.verdict === verdict).length;
      return `${count('right')} / ${count('refused')} / ${count('wrong')}`;
    },
  });
  const shown = Object.keys(networks).filter((name) => cells.some(({ network }) => network === name));
  return textTable(rows, [{ head: 'right / refused / wrong', cell: (name) => name }, ...shown.map(column)]);
}

/** What was refused and what is wrong, each reason once with how often. */
function reasonsOf(cells: readonly Cell[]): string[] {
  const reasons = new Map<string, { count: number; example: Cell }>();
  for (const cell of cells) {
    if (cell.verdict === 'right') continue;
    const key = `${cell.verdict}  ${cell.operation}, ${cell.network}: ${cell.why.split('\n')[0]}`;
    const known = reasons.get(key);
    reasons.set(key, { count: (known?.count ?? 0) + 1, example: known?.example ?? cell });
  }
  return [...reasons].map(
    ([key, { count, example }]) => `${key} (${count}; ${Object.values(example.variant).join(' ')})`,
  );
}

async function main(): Promise<void> {
  const options = {
    networks: { type: 'string', default: Object.keys(networks).join() },
    opsets: { type: 'string', default: opsets.join() },
    operations: { type: 'string', default: Object.keys(operations).join() },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(`${usage}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-cases-'));
  const cells: Cell[] = [];
  try {
    await writeRandomImages(join(folder, 'images'), { count: 32, size: 64 });
    const names = values.operations.split(',') as OperationName[];
    for (const network of values.networks.split(',') as NetworkName[]) {
      for (const opset of values.opsets.split(',')) {
        cells.push(...(await cellsOfProcess({ network, opset, names }, folder)));
        process.stderr.write(`${network} at opset ${opset}: ${cells.length} cells\n`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(
    values.json ? `${JSON.stringify(cells)}\n` : [tableOf(cells), '', ...reasonsOf(cells), ''].join('\n'),
  );
  process.exitCode = cells.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
}

await main();
