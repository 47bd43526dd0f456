import { formatCount, formatMacs, formatPercent } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { givenTarget, targetOf } from '../../pruning/iterative/check-request.ts';
import { channelOptions } from '../../pruning/iterative/job.ts';
import { pieceGranularity } from '../../pruning/iterative/settings.ts';
import type { NextStep, UnitOutcome } from '../../pruning/prune-channels.ts';
import { textTable } from '../../report/text-table.ts';
import type { Output } from '../command.ts';
import type { PruneSettings } from './flags.ts';
import type { PruneJob } from './job.ts';

/** Prints what pruning would remove, by group; nothing is written. */
export async function pruningPlanOutput(job: PruneJob): Promise<Output> {
  const target = targetOf(job.options);
  if (pieceGranularity(job.settings)) {
    const { cutNetwork } = await import('../../pruning/iterative/cut.ts');
    const { units, met } = await cutNetwork(job.original.network, job, { target, index: 0, before: null });
    return { data: { target, met, groups: units }, text: unitTable(units, 'pieces') };
  }
  const { planChannels } = await import('../../pruning/prune-channels.ts');
  const { units, met, nextStep, cost } = await planChannels(job.original, channelOptions(job, target));
  const { original, after } = cost;
  const part = (measure: keyof typeof after) => formatPercent(after[measure] / original[measure], 1);
  const text = [
    unitTable(units, 'channels'),
    '',
    `MACs        ${formatMacs(original.macs)} → ${formatMacs(after.macs)} (${part('macs')})`,
    `parameters  ${formatCount(original.parameters)} → ${formatCount(after.parameters)} (${part('parameters')})`,
    ...(met ? [] : ['the target cannot be reached: all channels that may be removed are']),
    ...(nextStep ? [printableLine(belowTarget(nextStep, job.options))] : []),
  ];
  const data = { target, met, ...(nextStep ? { nextStep } : {}), before: original, after, groups: units };
  return { data, text: text.join('\n') };
}

/** Explains why more is removed than requested. */
export function belowTarget({ layer, part }: NextStep, { round }: Pick<PruneSettings, 'round'>): string {
  const finer = round > 1 ? '; a smaller --round makes finer steps' : '';
  return `more is removed than required: the next larger width of ${layer} costs ${formatPercent(part, 1)} of the original, which exceeds the target${finer}`;
}

/** Explains why the layers that match a glob keep channels; without a target, which channels can be removed. */
export async function explainOutput(glob: string, job: PruneJob): Promise<Output> {
  const { planChannels } = await import('../../pruning/prune-channels.ts');
  const { matcherOf } = await import('../../graph/name-globs.ts');
  const target = givenTarget(job.options);
  const whole = { measure: 'ratio', fraction: 0 } as const;
  const { units } = await planChannels(job.original, channelOptions(job, target ?? whole));
  const layers = units.flatMap((unit) => unit.layers);
  const matches = matcherOf([glob], layers, { option: '--explain', what: 'layer' });
  const named = units.filter((unit) => unit.layers.some(matches));
  return {
    data: { groups: named },
    text: named
      .map(target ? explained : permitted)
      .map(printableLine)
      .join('\n'),
  };
}

function explained(unit: UnitOutcome): string {
  const { channels, kept, reason } = unit;
  const why =
    reason ?? (kept < channels ? 'the others have the lowest scores' : 'the ratio and the rounding keep all');
  return `${together(unit)}: ${kept} of ${channels} channels are kept: ${why}`;
}

const permitted = (unit: UnitOutcome): string =>
  `${together(unit)}: ${unit.channels} channels: ${unit.reason ?? 'may be removed'}`;

function together({ layers: [root, ...others] }: UnitOutcome): string {
  return others.length === 0 ? `${root}` : `${root}, together with ${others.join(', ')}`;
}

function unitTable(units: readonly UnitOutcome[], what: string): string {
  return textTable(units, [
    { head: 'coupled layers', cell: ({ layers }) => shortList(layers) },
    { head: what, cell: ({ channels }) => formatCount(channels), align: 'right' },
    { head: 'kept', cell: ({ kept }) => formatCount(kept), align: 'right' },
    { head: 'reason', cell: ({ reason = '' }) => reason },
  ]);
}

const SHOWN_LAYERS = 3;

function shortList(layers: readonly string[]): string {
  const shown = layers.slice(0, SHOWN_LAYERS).join(', ');
  return layers.length > SHOWN_LAYERS ? `${shown} and ${layers.length - SHOWN_LAYERS} more` : shown;
}
