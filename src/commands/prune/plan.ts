import { EspalierError } from '../../errors.ts';
import type { NextStep, UnitOutcome } from '../../pruning/prune-channels.ts';
import { formatCount, formatMacs, formatPercent } from '../../report/quantities.ts';
import { textTable } from '../../report/text-table.ts';
import type { Context, Output } from '../command.ts';
import { targetOf } from './checks.ts';
import { channelOptions, cutNetwork } from './cut.ts';
import type { PruneSettings } from './flags.ts';
import type { PruneJob } from './job.ts';

/** What a cut would take, group by group; nothing is written. */
export async function planOutput(job: PruneJob, context: Context): Promise<Output> {
  const { granularity } = job.settings;
  const target = targetOf(job.settings);
  if (granularity !== 'filter' && granularity !== 'channel') {
    const { units, met } = await cutNetwork(job.network, {
      job,
      target,
      context,
      index: 0,
      before: null,
    });
    return { data: { target, met, groups: units }, text: unitTable(units, 'pieces') };
  }
  const { planChannels } = await import('../../pruning/prune-channels.ts');
  const { units, met, nextStep, cost } = await planChannels(job.network, channelOptions(job, target));
  const { original, after } = cost;
  const part = (measure: keyof typeof after) => formatPercent(after[measure] / original[measure], 1);
  const text = [
    unitTable(units, 'channels'),
    '',
    `MACs        ${formatMacs(original.macs)} → ${formatMacs(after.macs)} (${part('macs')})`,
    `parameters  ${formatCount(original.parameters)} → ${formatCount(after.parameters)} (${part('parameters')})`,
    ...(met ? [] : ['the target is out of reach: this is all that may go']),
    ...(nextStep ? [belowTarget(nextStep, job.settings)] : []),
  ];
  const data = { target, met, ...(nextStep ? { nextStep } : {}), before: original, after, groups: units };
  return { data, text: text.join('\n') };
}

/** Why more is removed than was asked for. */
export function belowTarget({ layer, part }: NextStep, { round }: Pick<PruneSettings, 'round'>): string {
  const finer = round > 1 ? '; a smaller --round makes finer steps' : '';
  return `more is removed than the target asks for: one width more of ${layer} costs ${formatPercent(part, 1)} of the original, which exceeds the target${finer}`;
}

/** Why layers that a glob names keep channels; throws `usage` where it names none. */
export async function explainOutput(glob: string, job: PruneJob): Promise<Output> {
  const { planChannels } = await import('../../pruning/prune-channels.ts');
  const { layerMatcher } = await import('../../pruning/ranking/selection.ts');
  const { units } = await planChannels(job.network, channelOptions(job, targetOf(job.settings)));
  const matches = layerMatcher(glob);
  const named = units.filter(({ layers }) => layers.some(matches));
  if (named.length === 0) {
    const known = units.flatMap(({ layers }) => layers).slice(0, 8);
    throw new EspalierError(
      'usage',
      `--explain: no layer is named ${glob}, expected one of ${known.join(', ')} …`,
    );
  }
  return { data: { groups: named }, text: named.map(explained).join('\n') };
}

function explained({ layers, channels, kept, reason }: UnitOutcome): string {
  const [root, ...others] = layers;
  const together = others.length === 0 ? '' : `, together with ${others.join(', ')}`;
  const why =
    reason ?? (kept < channels ? 'may go, by their scores' : 'may go; the ratio and the rounding keep them');
  return `${root}${together}: ${kept} of ${channels} channels stay: ${why}`;
}

function unitTable(units: readonly UnitOutcome[], what: string): string {
  return textTable(units, [
    { head: 'layers that go together', cell: ({ layers }) => shortList(layers) },
    { head: what, cell: ({ channels }) => formatCount(channels), align: 'right' },
    { head: 'stay', cell: ({ kept }) => formatCount(kept), align: 'right' },
    { head: 'because', cell: ({ reason = '' }) => reason },
  ]);
}

const SHOWN = 3;

function shortList(layers: readonly string[]): string {
  const shown = layers.slice(0, SHOWN).join(', ');
  return layers.length > SHOWN ? `${shown} and ${layers.length - SHOWN} more` : shown;
}
