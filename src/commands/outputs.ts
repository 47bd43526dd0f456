import * as v from 'valibot';
import type { DataSet, ImageSource } from '../data/image-source.ts';
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

/**
 * A network with its class scores known, and images with classes; where the network gives no class scores, or several outputs may
 * be them, the images without their classes, which is noted. For what can do without labels.
 */
export async function withLabelsIfUsed(
  network: Graph,
  { data, logits }: LabelledData,
  context: Pick<Context, 'note'>,
): Promise<{ readonly network: Graph; readonly data: DataSet }> {
  const { findClassScores, withClassScores } = await import('../measure/outputs/class-scores.ts');
  const classes = data.train.classes.length;
  if (classes === 0) {
    return { network: logits === undefined ? network : withClassScores(network, { logits }), data };
  }
  const found = findClassScores(network, { logits, classes });
  if (found.value) return { network: withClassScores(network, { logits: found.value.name }), data };
  context.note(`labels are ignored: ${found.reason}`);
  return { network, data: unlabelled(data) };
}

const unlabelled = ({ name, train, test }: DataSet): DataSet => {
  const without = (source: ImageSource): ImageSource => ({ ...source, classes: [] });
  return { name, train: without(train), test: without(test) };
};

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
