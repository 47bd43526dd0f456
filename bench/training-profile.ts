/**
 * Where the time of a training step in oneDNN goes: by engine (oneDNN, JavaScript, onnxruntime) and by kind of instruction.
 * `npx tsx bench/training-profile.ts model.onnx --batch 16`.
 */
import { parseArgs } from 'node:util';
import { median } from '../src/numeric/statistics.ts';
import { textTable } from '../src/report/text-table.ts';
import { openEngine } from '../src/runtime/onednn/engine.ts';
import { onednn } from '../src/runtime/onednn/index.ts';
import { compileProgram } from '../src/runtime/onednn/program.ts';
import { WARM_UP_STEPS } from './training/options.ts';
import { openOwnStep } from './training/own-step.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '16' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '6' },
  },
});
const [network] = positionals;
if (!network)
  throw new Error('usage: npx tsx bench/training-profile.ts MODEL [--batch N] [--threads N] [--steps N]');

/** Of the current step, in the order in which instructions run. */
let current: { label: string; milliseconds: number }[] = [];
const own = await openOwnStep(
  { network, batch: Number(values.batch), threads: Number(values.threads), skeleton: false },
  {
    ...onednn,
    compile: async (graph, options = {}) =>
      compileProgram(graph, await openEngine(), {
        ...options,
        onInstruction: (label, milliseconds) => void current.push({ label, milliseconds }),
      }),
  },
);

const steps: (typeof current)[] = [];
const totals: number[] = [];
for (let step = 1; step <= Number(values.steps); step++) {
  current = [];
  const start = performance.now();
  await own.run(step);
  if (step <= WARM_UP_STEPS) continue;
  totals.push(performance.now() - start);
  steps.push(current);
}
await own.close();

/** The median over the steps, instruction by instruction. */
const instructions = steps[0]!.map(({ label }, i) => ({
  label,
  milliseconds: median(steps.map((step) => step[i]!.milliseconds)),
}));

const engineOf = (label: string): string =>
  label.startsWith('onnxruntime')
    ? 'onnxruntime'
    : / (\w+[:_])?(jit|brg|gemm|ref|simple)/.test(label)
      ? 'oneDNN'
      : 'JavaScript';

function grouped(keyOf: (label: string) => string) {
  const groups = new Map<string, { key: string; count: number; milliseconds: number }>();
  for (const { label, milliseconds } of instructions) {
    const key = keyOf(label);
    const group = groups.get(key) ?? { key, count: 0, milliseconds: 0 };
    groups.set(key, { key, count: group.count + 1, milliseconds: group.milliseconds + milliseconds });
  }
  return [...groups.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

const table = (head: string, rows: ReturnType<typeof grouped>): string =>
  textTable(rows, [
    { head, cell: ({ key }) => key },
    { head: 'instructions', cell: ({ count }) => String(count), align: 'right' },
    { head: 'ms', cell: ({ milliseconds }) => milliseconds.toFixed(2), align: 'right' },
  ]);

console.log(table('engine', grouped(engineOf)));
console.log(
  `\n${table(
    'instruction',
    grouped((label) => label),
  )}`,
);
console.log(`\na step: ${median(totals).toFixed(1)} ms (median of ${totals.length})`);
