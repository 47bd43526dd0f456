import { formatBytes, formatMacs, formatRatio } from '../../src/numeric/quantities.ts';
import { textTable } from '../../src/report/text-table.ts';
import type { NetworkSummary, Speed, Spread } from './summary.ts';

/** One network's measurements for people: a line a contestant, then what they amount to. */
export function networkText(name: string, summary: NetworkSummary): string {
  const { ours, peer, skeletons } = summary;
  const rows = [
    ...named(ours, '', ''),
    ...named(peer, 'PyTorch ', ''),
    ...named(skeletons?.ours ?? {}, '', ' + skeletons'),
    ...named(skeletons?.peer ?? {}, 'PyTorch ', ' + skeletons'),
  ];
  const table = textTable(rows, [
    { head: `${name} (${formatMacs(summary.macs)}, batch ${summary.batch})`, cell: ([label]) => label },
    { head: 'images/s', cell: ([, speed]) => speed.imagesPerSecond.median.toFixed(1), align: 'right' },
    { head: 'min', cell: ([, speed]) => speed.imagesPerSecond.min.toFixed(1), align: 'right' },
    { head: 'max', cell: ([, speed]) => speed.imagesPerSecond.max.toFixed(1), align: 'right' },
    { head: 'peak memory', cell: ([, speed]) => formatBytes(speed.peakBytes), align: 'right' },
  ]);
  return [table, ratioLine(summary), ...costLines(summary), workLine(summary)].join('\n');
}

const named = (speeds: Readonly<Record<string, Speed>>, before: string, after: string) =>
  Object.entries(speeds).map(([form, speed]) => [`${before}${form}${after}`, speed] as const);

function ratioLine({ ours, ratio, ratioSpread, betterLayout }: NetworkSummary): string {
  const [executor] = Object.keys(ours);
  if (ratio === null || ratioSpread === null) return `${executor} ÷ PyTorch: unknown, the peer is missing`;
  const { min, max } = ratioSpread;
  const rounds = `${min.toFixed(2)}–${max.toFixed(2)} by round`;
  return `${executor} ÷ PyTorch ${betterLayout}: ${formatRatio(ratio)} (${rounds})`;
}

function costLines({ skeletons }: NetworkSummary): string[] {
  if (!skeletons) return [];
  const { oursCostPercent, peerCostPercent } = skeletons;
  const peer = peerCostPercent === null ? '' : `, PyTorch's by ${percentText(peerCostPercent)}`;
  return [`skeletons lengthen our step by ${percentText(oursCostPercent)}${peer}`];
}

const percentText = ({ median, min, max }: Spread): string =>
  `${median.toFixed(1)} % (${min.toFixed(1)} to ${max.toFixed(1)} by round)`;

function workLine({ gflops, shareOfMatmul }: NetworkSummary): string {
  const share =
    shareOfMatmul === null ? '' : `, ${(100 * shareOfMatmul).toFixed(0)} % of a large matrix product`;
  return `our step computes ${gflops.toFixed(0)} GFLOP/s${share}`;
}
