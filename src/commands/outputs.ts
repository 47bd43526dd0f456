import * as v from 'valibot';
import type { DataSet } from '../data/image-source.ts';
import type { Graph } from '../graph/graph.ts';
import { formatPercent } from '../report/quantities.ts';
import type { Context } from './command.ts';
import { optional } from './flags.ts';

const outputGlobs = v.pipe(
  v.string(),
  v.transform((list) => list.split(',')),
);

/** Which outputs count where networks are compared. */
export const outputsFlag = {
  outputs: optional(
    '--outputs <globs>',
    'outputs by which networks are compared, separated by commas (default: all)',
    outputGlobs,
  ),
};

interface LabelledData {
  readonly data: DataSet;
  readonly logits?: string | undefined;
}

/** {@link usableLabels}, with a note where labels are ignored. */
export async function withLabelsIfUsed(
  graph: Graph,
  { data: given, logits }: LabelledData,
  context: Pick<Context, 'note'>,
): Promise<{ readonly network: Graph; readonly data: DataSet }> {
  const { usableLabels } = await import('../measure/outputs/usable-labels.ts');
  const { network, data, ignored } = usableLabels(graph, given, logits);
  if (ignored !== null) context.note(`labels are ignored: ${ignored}`);
  return { network, data };
}

const SHOWN = 4;

/** `3.1 %`, of several outputs `3.1 % (scores 1.2 %, boxes 5.0 %)`: the largest come first. */
export function errorText(outputError: number, outputErrors: Readonly<Record<string, number>>): string {
  const mean = formatPercent(outputError, 1);
  const each = Object.entries(outputErrors).sort(([, a], [, b]) => b - a);
  if (each.length < 2) return mean;
  const shown = each.slice(0, SHOWN).map(([name, error]) => `${name} ${formatPercent(error, 1)}`);
  const more = each.length > SHOWN ? `, ${each.length - SHOWN} more` : '';
  return `${mean} (${shown.join(', ')}${more})`;
}
