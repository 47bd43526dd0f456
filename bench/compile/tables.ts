import {
  formatBytes,
  formatMacs,
  formatMs,
  formatPercent,
  formatRatio,
} from '../../src/numeric/quantities.ts';
import { type Column, textTable } from '../../src/report/text-table.ts';
import type { LayerRow, NetworkResult, Ratio } from './measure.ts';

type Row = readonly [name: string, result: NetworkResult];

const column = (head: string, cell: (result: NetworkResult) => string): Column<Row> => ({
  head,
  cell: ([, result]) => cell(result),
  align: 'right',
});

/** `2.31× (2.28–2.35)`. */
export const ratioText = ({ median, spread: [low, high] }: Ratio): string =>
  `${formatRatio(median)} (${low.toFixed(2)}–${high.toFixed(2)})`;

export const speedTable = (rows: readonly Row[]): string =>
  textTable(rows, [
    { head: 'network', cell: ([name]) => name },
    column('onnxruntime-web', ({ ms }) => formatMs(ms.ort)),
    column('dense', ({ ms }) => formatMs(ms.dense)),
    column('half', ({ ms }) => formatMs(ms.half)),
    column('gain, dense', ({ dense }) => ratioText(dense)),
    column('gain, half', ({ half }) => ratioText(half)),
    column('MACs', ({ macs }) => formatMacs(macs.half)),
    column('promise kept', ({ promiseKept }) => ratioText(promiseKept)),
    column('peak', ({ peakGflops }) => `${peakGflops.toFixed(1)} GFLOP/s`),
    column('of peak', ({ shareOfPeak }) => formatPercent(shareOfPeak, 0)),
  ]);

export const startTable = (rows: readonly Row[]): string =>
  textTable(rows, [
    { head: 'network', cell: ([name]) => name },
    column('module', ({ wasmBytes }) => formatBytes(wasmBytes)),
    column('gzipped', ({ wasmGzipBytes }) => formatBytes(wasmGzipBytes)),
    column('load', ({ starts }) => formatMs(starts.compiled.loadMs)),
    column('first run', ({ starts }) => formatMs(starts.compiled.firstRunMs)),
    column('load, onnxruntime-web', ({ starts }) => formatMs(starts.ort.loadMs)),
    column('first run', ({ starts }) => formatMs(starts.ort.firstRunMs)),
  ]);

export const layerTable = (layers: readonly LayerRow[]): string =>
  textTable(layers, [
    { head: 'layer', cell: ({ name }) => name },
    { head: 'operator', cell: ({ op }) => op },
    { head: 'kernel', cell: ({ kernel }) => kernel },
    { head: 'MACs', cell: ({ macs }) => (macs === 0 ? '' : formatMacs(macs)), align: 'right' },
    { head: 'latency', cell: ({ ms }) => formatMs(ms), align: 'right' },
    { head: 'GFLOP/s', cell: ({ macs, gflops }) => (macs === 0 ? '' : gflops.toFixed(1)), align: 'right' },
    {
      head: 'of peak',
      cell: ({ macs, shareOfPeak }) => (macs === 0 ? '' : formatPercent(shareOfPeak, 0)),
      align: 'right',
    },
  ]);
