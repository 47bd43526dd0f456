import { rank, type TimedRanking } from '../measure/timer.ts';
import { zip } from '../numeric/zip.ts';
import {
  type Candidate,
  candidatesOf,
  denseCandidate,
  type LayerTiming,
  type TimedVariant,
  timedCandidate,
  timeVariant,
} from './candidates.ts';
import type { TimedLayer } from './layer-plans.ts';
import { type Prepared, widthVariants } from './prepare.ts';

/** Maximum number of layers for which other forms are tried in the whole network. */
const MOST_IMPROVED = 8;
/** Networks slower than this many milliseconds are not improved layer by layer, because it would take too long. */
const SMALL_MS = 20;

/** The fastest network found, and the fastest in which all layers are dense. */
export interface Choice {
  readonly best: Candidate;
  readonly dense: Candidate;
}

/** Variants whose dense form is slower than the fastest by more than this factor are not timed layer by layer. */
const COMPETITIVE = 1.1;

/**
 * Chooses the fastest candidate. First times all variants with dense layers; then the layers of the fast variants, and of the
 * variant with the widest multiple, since some forms profit from it; then whole networks with the best form of each layer. If
 * the fastest of these is fast enough, other forms are tried layer by layer.
 */
export async function chooseCandidate(prepared: Prepared, timing: LayerTiming): Promise<Choice> {
  const ground = { prepared, timing };
  const variants = widthVariants(prepared.graph);
  const plain = await rankCandidates(
    variants.map((variant) => denseCandidate(variant, timing)),
    ground,
  );
  const timed: TimedVariant[] = [];
  for (const [variant, ms] of zip(variants, plain.ms)) {
    const looked = variant === variants.at(-1) || ms < plain.bestMs * COMPETITIVE;
    if (looked) timed.push(await timeVariant(variant, timing));
  }
  const candidates = timed.flatMap(candidatesOf);
  const { multiple } = plain.best.variant;
  const dense = candidates.find(({ plans, variant }) => plans.size === 0 && variant.multiple === multiple)!;
  const { best, bestMs, settled } = await rankCandidates(candidates, ground);
  const small = settled && bestMs < SMALL_MS;
  return { best: small ? await improved(best, ground) : best, dense };
}

interface LayerToTime {
  readonly prepared: Prepared;
  readonly timing: LayerTiming;
}

interface CandidateRanking extends Pick<TimedRanking, 'ms' | 'settled'> {
  readonly best: Candidate;
  readonly bestMs: number;
}

async function rankCandidates(
  candidates: readonly Candidate[],
  { prepared, timing }: LayerToTime,
): Promise<CandidateRanking> {
  const { ms, best, settled } = await rank(
    candidates.map((candidate) => timedCandidate(candidate, prepared, timing.size)),
    timing.timer,
  );
  return { ms, settled, best: candidates[best]!, bestMs: ms[best]! };
}

/** Improves a candidate: tries the second-best forms of the layers where they are closest. */
async function improved(start: Candidate, ground: LayerToTime): Promise<Candidate> {
  let best = start;
  const close = start.variant.layers.filter((layer) => alternatives(start, layer).length > 0);
  for (const layer of close.sort((a, b) => lead(a) - lead(b)).slice(0, MOST_IMPROVED)) {
    const candidates = [best, ...alternatives(best, layer)];
    const ranking = await rankCandidates(candidates, ground);
    if (ranking.settled) ({ best } = ranking);
  }
  return best;
}

/** Forms that are slower than a layer's best by at most this factor may be faster in the whole network. */
const NEAR = 1.15;
/** Maximum number of alternative forms per layer that are tried in the whole network. */
const MOST_ALTERNATIVES = 2;

/** The time of a layer's second-best form relative to its best. */
function lead({ forms }: TimedLayer): number {
  const [first = 1, second = Number.POSITIVE_INFINITY] = forms.map(({ ms }) => ms).sort((a, b) => a - b);
  return second / first;
}

function alternatives(
  { variant, plans }: Candidate,
  { name, plans: offered, forms }: TimedLayer,
): Candidate[] {
  const now = plans.get(name)?.form ?? 'dense';
  const least = Math.min(...forms.map(({ ms }) => ms));
  const near = zip(offered, forms)
    .map(([plan, { ms }]) => ({ plan, ms }))
    .filter(({ plan, ms }) => plan.form !== now && ms < least * NEAR)
    .sort((a, b) => a.ms - b.ms);
  return near.slice(0, MOST_ALTERNATIVES).map(({ plan }) => {
    const changed = new Map(plans).set(name, plan);
    if (plan.form === 'dense') changed.delete(name);
    return { variant, plans: changed };
  });
}
