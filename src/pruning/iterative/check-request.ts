import { EspalierError } from '../../errors.ts';
import { pieceCriteria } from '../criteria/names.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import { cuttingOption, type PaceRequest, paceOf } from './pace.ts';
import { type PruningSettings, pieceGranularity } from './settings.ts';

const measures = ['ratio', 'macs', 'parameters', 'latency'] as const;

/** The target of pruning: exactly one of these. */
export interface PruningTargetOptions {
  /** The fraction of the channels (or pieces) to remove. */
  readonly ratio?: number | undefined;
  /** The fraction of the original MACs to keep. */
  readonly macs?: number | undefined;
  /** The fraction of the original parameters to keep. */
  readonly parameters?: number | undefined;
  /** The fraction of the original latency to keep, measured in onnxruntime on this machine. */
  readonly latency?: number | undefined;
}

/** The options whose combinations are checked. */
export interface PruningRequest
  extends PruningTargetOptions,
    PaceRequest,
    Partial<Pick<PruningSettings, 'until' | 'maskEvery' | 'residual' | 'carried'>> {
  readonly data?: unknown;
  readonly insertBatchnorm?: boolean | undefined;
  readonly distill?: unknown;
}

const expected = 'expected one of `ratio`, `macs`, `parameters` and `latency`';

/** The only target that is given. Throws `usage` if there is none, or more than one. */
export function targetOf(options: PruningTargetOptions): PruningTarget {
  const target = givenTarget(options);
  if (target) return target;
  throw new EspalierError('usage', `${expected}, found none`);
}

/** The target that is given; null if there is none. Throws `usage` if there is more than one. */
export function givenTarget(options: PruningTargetOptions): PruningTarget | null {
  const given = measures.flatMap((measure) => {
    const fraction = options[measure];
    return fraction === undefined ? [] : [{ measure, fraction }];
  });
  const [target, other] = given;
  if (!other) return target ?? null;
  const found = given.map(({ measure }) => `\`${measure}\``).join(' and ');
  throw new EspalierError('usage', `${expected}, found ${found}`);
}

const criterionName = ({ criterion = pieceCriteria[0] }: PruningRequest): string =>
  typeof criterion === 'string' ? criterion : criterion.name;
const isPieces = (request: PruningRequest): boolean => pieceGranularity(request) !== null;
const pieceNames: readonly string[] = pieceCriteria;

/** Invalid combinations of options, each with its message. */
const conflicts: readonly (readonly [
  (request: PruningRequest) => boolean,
  (request: PruningRequest) => string,
])[] = [
  [
    (r) => r.criterion === 'mask' && (r.epochs === undefined || isPieces(r)),
    () => '`criterion` mask needs `granularity` filter or channel, `data` and `epochs`',
  ],
  [
    (r) => isPieces(r) && r.latency !== undefined,
    (r) =>
      `\`latency\`: zeros save no time: expected \`granularity\` filter or channel, found ${r.granularity}`,
  ],
  [
    (r) => isPieces(r) && !pieceNames.includes(criterionName(r)),
    (r) =>
      `\`granularity\` ${r.granularity} requires \`criterion\` ${pieceNames.join(', ')}, found ${criterionName(r)}`,
  ],
  [
    (r) => r.wholePositions === true && r.granularity !== 'group',
    () => '`wholePositions` needs `granularity` group',
  ],
  [
    (r) => r.sensitivity != null && (isPieces(r) || r.ratio !== undefined),
    () => '`sensitivity` needs `granularity` filter or channel, and `macs`, `parameters` or `latency`',
  ],
  [
    (r) => r.search !== undefined && (!r.data || isPieces(r) || r.ratio !== undefined),
    () => '`search` needs `granularity` filter or channel, `data`, and `macs`, `parameters` or `latency`',
  ],
  [(r) => r.epochs !== undefined && !r.data, () => '`epochs` needs `data`'],
  [
    (r) => r.epochs !== undefined && r.epochs < (r.steps ?? 1),
    (r) => `\`steps\` ${r.steps} needs at least ${r.steps} epochs, found ${r.epochs}`,
  ],
  [(r) => r.pace === 'gradual' && r.epochs === undefined, () => '`pace` gradual needs `data` and `epochs`'],
  [
    (r) => r.pace === 'gradual' && cuttingOption(r) !== undefined,
    (r) => `${cuttingOption(r)} needs \`pace\` linear or cubic, found gradual`,
  ],
  [
    (r) => (r.until ?? r.maskEvery) !== undefined && paceOf(r) !== 'gradual',
    (r) => `\`until\` and \`maskEvery\` need \`pace\` gradual, found ${paceOf(r)}`,
  ],
  [
    (r) => r.residual === 'untied' && paceOf(r) !== 'gradual',
    (r) => `\`residual\` untied needs \`pace\` gradual, found ${paceOf(r)}`,
  ],
  [(r) => r.carried !== undefined && r.residual !== 'untied', () => '`carried` needs `residual` untied'],
  [
    (r) => r.carried === 'free' && r.latency !== undefined,
    () => '`carried` free needs `macs` or `parameters`: a latency is measured in onnxruntime',
  ],
  [(r) => r.distill != null && r.epochs === undefined, () => '`distill` needs `data` and `epochs`'],
  [(r) => r.insertBatchnorm === true && !r.data, () => '`insertBatchnorm` needs `data`'],
  [(r) => !r.data && r.recover?.some((step) => step !== 'none') === true, () => '`recover` needs `data`'],
];

/** Throws `usage` if options contradict each other. */
export function checkRequest(request: PruningRequest): void {
  const conflict = conflicts.find(([applies]) => applies(request));
  if (conflict) throw new EspalierError('usage', conflict[1](request));
}
