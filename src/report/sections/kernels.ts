import { barChart } from '../../charts/bars.ts';
import { formatMacs, formatMs, formatPercent } from '../../numeric/quantities.ts';
import { msAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** For each step of a network compiled to WebAssembly: kernel, time, and fraction of peak performance. */
export function kernelsSection({ compilation }: RunRecord): Html | null {
  if (!compilation) return null;
  const { engine, module, peakGflops, ms, steps } = compilation;
  const gflops = (macs: number, time: number) => (2 * macs) / time / 1e6;
  const macs = steps.reduce((sum, step) => sum + step.macs, 0);
  const bars = steps.map((step) => ({
    name: step.name,
    after: step.ms,
    note: step.macs > 0 ? formatPercent(gflops(step.macs, step.ms) / peakGflops, 0) : '',
    more: [step.kernel, step.macs > 0 ? formatMacs(step.macs) : '–'],
  }));
  const names = { row: 'step', after: 'time', note: 'of the peak', more: ['kernel', 'MACs'] };
  return html`<section><h2>Kernels</h2>
<p class="lead">The network as a WebAssembly module, measured in ${engine} (${module} SIMD) on one thread: ${formatMs(ms)}, ${gflops(macs, ms).toFixed(1)} GFLOP/s.
A loop of multiply-adds reaches ${peakGflops.toFixed(1)} GFLOP/s there: the peak. The numbers on the right are parts of it.</p>
${figure(barChart({ title: 'Time of each step', axis: msAxis('time'), bars, names }), 'page')}</section>`;
}
