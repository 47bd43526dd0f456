import {
  type CompiledReport,
  formatBytes,
  formatCount,
  formatMacs,
  formatMs,
  formatPercent,
} from 'espalier/core';
import type { CompiledContents } from '../../engine/open/compiled.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Fact } from '../parts/fact.tsx';

/** A compiled folder: what its report says, its kernels and its files. */
export function CompiledLook({ report, files }: CompiledContents) {
  const { macs, memoryBytes, weights, threads, verification, measured, steps, inputs } = report;
  const columns = steps.some((step) => 'ms' in step) ? [...stepColumns, ...speedColumns] : stepColumns;
  return (
    <>
      <dl class="facts">
        <Fact name="MACs" value={formatMacs(macs)} note="of non-zero weights" />
        <Fact name="Weights" value={formatBytes(weights.bytes)} note={weights.type} />
        <Fact
          name="Memory"
          value={formatBytes(memoryBytes)}
          note={`${threads} thread${threads === 1 ? '' : 's'}`}
        />
        {verification && (
          <Fact name="Output error" value={formatPercent(verification.error, 4)} note="against onnxruntime" />
        )}
        <Fact
          name="Inputs"
          value={inputs.length}
          note={inputs.map(({ name, shape }) => `${name} ${shape.join('×')}`).join(', ')}
        />
        {measured && <Fact name="Latency" value={formatMs(measured.ms)} note={measured.engine} />}
      </dl>
      <section class="part">
        <h2>Kernels</h2>
        <DataTable caption="Kernels" columns={columns} rows={steps} />
      </section>
      <section class="part">
        <h2>Files</h2>
        <DataTable caption="Files" columns={fileColumns} rows={files} />
      </section>
    </>
  );
}

type Step = CompiledReport['steps'][number];

const stepColumns: readonly Column<Step>[] = [
  { head: 'Step', cell: ({ name }) => name, order: ({ name }) => name },
  { head: 'Operator', cell: ({ op }) => op, order: ({ op }) => op },
  { head: 'Kernel', cell: ({ kernel }) => kernel, order: ({ kernel }) => kernel },
  {
    head: 'MACs',
    cell: ({ macs }) => (macs > 0 ? formatCount(macs) : ''),
    order: ({ macs }) => macs,
    align: 'right',
  },
];

const speedColumns: readonly Column<Step>[] = [
  { head: 'Time', cell: ({ ms = 0 }) => formatMs(ms), order: ({ ms = 0 }) => ms, align: 'right' },
  {
    head: 'GFLOP/s',
    cell: ({ gflops }) => (gflops == null ? '' : gflops.toFixed(1)),
    order: ({ gflops }) => gflops ?? 0,
    align: 'right',
  },
];

const fileColumns: readonly Column<CompiledContents['files'][number]>[] = [
  { head: 'File', cell: ({ name }) => name, order: ({ name }) => name },
  { head: 'Size', cell: ({ size }) => formatBytes(size), order: ({ size }) => size, align: 'right' },
];
