import { significant } from '../../src/numeric/quantities.ts';
import { textTable } from '../../src/report/text-table.ts';
import type { Study, StudyRow } from './study.ts';

/** A group of layers some of whose channels stay. */
export interface LeftAlone {
  readonly root: string;
  readonly layers: number;
  /** Whether all of them stay. */
  readonly whole: boolean;
  readonly reason: string;
}

/** What became of one network. */
export interface Pruned {
  readonly nodes: number;
  readonly groups: number;
  readonly leftAlone: readonly LeftAlone[];
  readonly macsKept: number;
  /** The part of the MACs left at `prune --macs 0.5`, with its default rounding. */
  readonly macsAtHalf: number;
  /** Everything up to that selection, for a network that was read. */
  readonly planMs: number;
  /** Against the masked network, relative to its largest output. */
  readonly error: number;
  /** What masking changes of the original's output: an error far below it says something. */
  readonly effect: number;
  /** Reading, folding of constants, inference of shapes. */
  readonly prepareMs: number;
  /** Coupling, scores, ranking. */
  readonly analysisMs: number;
  readonly cutMs: number;
}

interface Row extends Partial<Pruned>, StudyRow {}

/** Torch-Pruning 1.x at the same ratio, as its authors count and as it was timed here. */
const peer = {
  networks: '77 of 85, of which widths alone were checked',
  resnet50Ms: 730,
  densenet121Ms: 2540,
};

/** Networks whose channels are pruned. */
export const pruneStudy: Study = {
  script: 'prune.ts',
  args: ({ ratio }) => [String(ratio)],
  rowOf: (network, found) => rowOf(network, found as unknown as Pruned),
  text: (rows, { reasons }) =>
    [zooTable(rows), ...(reasons ? [reasonsText(rows)] : []), summary(rows)].join('\n\n'),
  document: (networks) => ({ networks, peer }),
};

const TOLERANCE = 1e-3;

/** A network counts where it lost MACs and computes what its masked original does, and where that could have shown. */
function rowOf(network: string, pruned: Pruned): Row {
  const { error, effect, macsKept } = pruned;
  const failed = !(error <= TOLERANCE)
    ? `differs from the masked network by ${error.toExponential(1)}`
    : !(macsKept < 1)
      ? 'lost no MACs'
      : !(effect > 10 * TOLERANCE)
        ? `masking changes the output by ${effect.toExponential(1)} only: nothing is proved`
        : null;
  return { network, failed, ...pruned };
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const number =
  (key: keyof Pruned, format: (value: number) => string) =>
  (row: Row): string =>
    row[key] === undefined ? '' : format(Number(row[key]));
const milliseconds = (value: number) => value.toFixed(0);

/** The rows as a table for people. */
function zooTable(rows: readonly Row[]): string {
  return textTable(rows, [
    { head: 'network', cell: ({ network }) => network },
    { head: 'nodes', cell: number('nodes', String), align: 'right' },
    { head: 'groups', cell: number('groups', String), align: 'right' },
    { head: 'left alone', cell: ({ leftAlone }) => String(leftAlone?.length ?? ''), align: 'right' },
    { head: 'MACs kept', cell: number('macsKept', percent), align: 'right' },
    { head: 'MACs kept at --macs 0.5', cell: number('macsAtHalf', percent), align: 'right' },
    { head: 'error', cell: number('error', (error) => error.toExponential(1)), align: 'right' },
    { head: 'masking changes', cell: number('effect', (effect) => significant(effect, 2)), align: 'right' },
    { head: 'prepare ms', cell: number('prepareMs', milliseconds), align: 'right' },
    { head: 'analysis ms', cell: number('analysisMs', milliseconds), align: 'right' },
    { head: 'cut ms', cell: number('cutMs', milliseconds), align: 'right' },
    { head: 'plan ms', cell: number('planMs', milliseconds), align: 'right' },
    { head: '', cell: ({ failed }) => failed ?? '' },
  ]);
}

/** Every group that is left alone, with its reason. */
function reasonsText(rows: readonly Row[]): string {
  return rows
    .flatMap(({ network, leftAlone = [] }) => [
      network,
      ...leftAlone.map(({ root, layers, whole, reason }) => {
        const others = layers > 1 ? ` and ${layers - 1} more` : '';
        return `  ${root}${others}${whole ? '' : ', in part'}: ${reason}`;
      }),
    ])
    .join('\n');
}

function summary(rows: readonly Row[]): string {
  const failed = rows.filter((row) => row.failed !== null);
  const names = failed.length > 0 ? `; not ${failed.map(({ network }) => network).join(', ')}` : '';
  return [
    `${rows.length - failed.length} of ${rows.length} lost MACs and compute what their masked originals do${names}`,
    `Torch-Pruning: ${peer.networks}; analysis and cut of resnet50 ${peer.resnet50Ms} ms, densenet121 ${peer.densenet121Ms} ms`,
  ].join('\n');
}
