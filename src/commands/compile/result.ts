import { gzipSync } from 'node:zlib';
import type { CompiledHere } from '../../compile/compile-here.ts';
import { compiledFiles } from '../../compile/folder/files.ts';
import { type CompiledReport, reportOf } from '../../compile/folder/report.ts';
import { formatBytes, formatMacs, formatMs, formatPercent } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import type { Output } from '../command.ts';

/** Describes the compiled network and its use. */
export function compiledOutput(model: CompiledHere, out: string): Output {
  const report = reportOf(model, model.profile);
  return { data: { out, ...report }, text: describe(model, report, out) };
}

function describe(model: CompiledHere, report: CompiledReport, out: string): string {
  const { 'model.js': script, 'model-relaxed.wasm': module } = compiledFiles(model);
  const code = [script, module].reduce((sum, part) => sum + gzipSync(part ?? '').length, 0);
  const { weights, measured, verification, macs } = report;
  return [
    `MACs      ${formatMacs(macs)} of non-zero weights, in ${report.steps.length} steps`,
    `download  ${formatBytes(code)} of code (gzip) and ${formatBytes(weights.bytes)} of weights (${weights.type})`,
    ...(measured ? [latencyText(measured, macs)] : []),
    verification ? verifiedText(verification) : 'not verified',
    printableLine(
      `written to ${out}: model.js loads the network; index.html shows it, served over HTTP (npx http-server ${out})`,
    ),
  ].join('\n');
}

function latencyText(
  { engine, module, ms, peakGflops }: NonNullable<CompiledReport['measured']>,
  macs: number,
): string {
  const gflops = (2 * macs) / ms / 1e6;
  const speed = `${gflops.toFixed(1)} GFLOP/s, ${formatPercent(gflops / peakGflops, 0)} of the peak`;
  return `latency   ${formatMs(ms)} in ${engine} (${module}): ${speed}`;
}

function verifiedText({
  error,
  float16Error,
  modules,
  threads,
}: NonNullable<CompiledReport['verification']>): string {
  const rounded = float16Error === null ? '' : `, ${float16Error.toExponential(1)} with weights in float16`;
  return `verified, relative error ${error.toExponential(1)}${rounded} (${modules.join(' and ')}${threads > 1 ? `, ${threads} threads` : ''})`;
}
