import type { CompilationPoint } from '../compilation.ts';
import { type Html, html } from '../html.ts';
import { formatMacs, formatMs, formatPercent } from '../quantities.ts';
import type { RunRecord } from '../run-record.ts';

/** For each step of a network compiled to WebAssembly: kernel, time, and fraction of peak performance. */
export function kernelsSection({ compilation }: RunRecord): Html | null {
  if (!compilation) return null;
  const { engine, module, peakGflops, ms, steps } = compilation;
  const gflops = (macs: number, time: number) => (2 * macs) / time / 1e6;
  const macs = steps.reduce((sum, step) => sum + step.macs, 0);
  return html`<section><h2>Kernels</h2>
<p class="lead">The network as a WebAssembly module, measured in ${engine} (${module} SIMD) on one thread: ${formatMs(ms)}, ${gflops(macs, ms).toFixed(1)} GFLOP/s.
A loop of multiply-adds reaches ${peakGflops.toFixed(1)} GFLOP/s there.</p>
<table class="layers"><thead><tr><th>step</th><th>kernel</th><th>share of the peak</th><th class="number"></th><th class="number">MACs</th><th class="number">time</th></tr></thead>
<tbody>${steps.map((step) => row(step, gflops(step.macs, step.ms) / peakGflops))}</tbody></table></section>`;
}

function row({ name, kernel, macs, ms }: CompilationPoint['steps'][number], share: number): Html {
  const width = Math.min(100, 100 * share).toFixed(1);
  const bar = macs > 0 && html`<span class="was"><span class="is" style="width:${width}%"></span></span>`;
  return html`<tr><th scope="row">${name}</th><td>${kernel}</td><td class="bar">${bar}</td><td class="number">${macs > 0 && formatPercent(share, 0)}</td><td class="number">${macs > 0 && formatMacs(macs)}</td><td class="number">${formatMs(ms)}</td></tr>`;
}
