import { EspalierError } from '../../errors.ts';
import type { PruneSettings } from './flags.ts';

const measures = ['ratio', 'macs', 'parameters', 'latency'] as const;

/** The one target that was given; throws `usage` where there is none. */
export function targetOf(settings: PruneSettings) {
  const target = givenTarget(settings);
  if (target) return target;
  throw new EspalierError('usage', 'expected one of --ratio, --macs, --parameters and --latency, found none');
}

/** The target that was given, null without one; throws `usage` for more than one. */
export function givenTarget(settings: PruneSettings) {
  const given = measures.flatMap((measure) => {
    const value = settings[measure];
    return value === undefined ? [] : [{ measure, fraction: value }];
  });
  const [target, other] = given;
  if (!other) return target ?? null;
  const found = given.map(({ measure }) => `--${measure}`).join(' and ');
  const message = `expected one of --ratio, --macs, --parameters and --latency, found ${found}`;
  throw new EspalierError('usage', message);
}

/** Whether less than whole channels goes. */
const isPieces = ({ granularity }: PruneSettings): boolean =>
  granularity === 'weight' || granularity === 'group' || granularity === 'stripe';

const pieceCriteria: readonly string[] = ['l1-norm', 'l2-norm', 'random'];

/** What cannot be asked for together, and what is said of it. */
const conflicts: readonly (readonly [
  (settings: PruneSettings) => boolean,
  (settings: PruneSettings) => string,
])[] = [
  [
    (s) => s.criterion === 'mask' && (s.plan || s.explain !== undefined),
    () => '--criterion mask learns what goes: no plan can tell',
  ],
  [
    (s) => s.criterion === 'mask' && (s.epochs === undefined || isPieces(s)),
    () => '--criterion mask learns: it needs whole channels, --data and --epochs',
  ],
  [
    (s) => isPieces(s) && s.latency !== undefined,
    (s) =>
      `--latency: zeros take the same time: expected --granularity filter or channel, found ${s.granularity}`,
  ],
  [
    (s) => isPieces(s) && !pieceCriteria.includes(s.criterion),
    (s) =>
      `--granularity ${s.granularity} takes --criterion ${pieceCriteria.join(', ')}, found ${s.criterion}`,
  ],
  [(s) => s.wholePositions && s.granularity !== 'group', () => '--whole-positions needs --granularity group'],
  [
    (s) => s.sensitivity !== undefined && (isPieces(s) || s.ratio !== undefined),
    () => '--sensitivity needs whole channels and --macs, --parameters or --latency',
  ],
  [
    (s) => s.search !== undefined && (!s.data || isPieces(s) || s.ratio !== undefined),
    () => '--search needs whole channels, --data, and a target in MACs, parameters or latency',
  ],
  [(s) => s.epochs !== undefined && !s.data, () => '--epochs needs --data'],
  [
    (s) => s.epochs !== undefined && s.out?.endsWith('.onnx') === true,
    () => '--epochs needs a folder as --out, found a file',
  ],
  [
    (s) => s.epochs !== undefined && s.epochs < s.steps,
    (s) => `${s.steps} steps need as many epochs, found ${s.epochs}`,
  ],
  [(s) => s.insertBatchnorm === true && !s.data, () => '--insert-batchnorm needs --data'],
  [(s) => !s.data && s.recover?.some((step) => step !== 'none') === true, () => '--recover needs --data'],
];

/** Throws `usage` where options contradict each other. */
export function checkPruneSettings(settings: PruneSettings): void {
  // What stays in any case has its reason without a target.
  if (settings.explain === undefined) targetOf(settings);
  else givenTarget(settings);
  const conflict = conflicts.find(([applies]) => applies(settings));
  if (conflict) throw new EspalierError('usage', conflict[1](settings));
}
