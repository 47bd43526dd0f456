import { type Candidate, candidatesOf, type LayerTiming, timedCandidate, timeVariant } from './candidates.ts';
import type { TimedLayer } from './layer-plans.ts';
import { type Prepared, widthVariants } from './prepare.ts';
import { type Ranking, rank } from './timer.ts';

/** What timing whole networks after single layers may take at most, in seconds. */
const MOST_SECONDS = 40;
/** Networks slower than this, in ms, are not improved layer by layer: that would take too long. */
const SMALL_MS = 60;

/** The quickest network found, and the quickest that computes every layer as it is. */
export interface Choice {
  readonly best: Candidate;
  readonly dense: Candidate;
}

/**
 * Times the layers of each variant, then whole networks: dense, and with the layers' best forms; the quickest of them is
 * improved layer by layer, as long as that is quick itself.
 */
export async function chooseCandidate(prepared: Prepared, timing: LayerTiming): Promise<Choice> {
  const variants = [];
  for (const variant of widthVariants(prepared.graph)) variants.push(await timeVariant(variant, timing));
  const candidates = candidatesOf(variants);
  const ranking = await rankCandidates(candidates, { prepared, timing });
  const plain = [...candidates.keys()].filter((i) => candidates[i]!.plans.size === 0);
  const dense = plain.reduce((least, i) => (ranking.ms[i]! < ranking.ms[least]! ? i : least));
  let best = candidates[ranking.best]!;
  if (ranking.ms[ranking.best]! < SMALL_MS) best = await improved(best, { prepared, timing });
  return { best, dense: candidates[dense]! };
}

interface Ground {
  readonly prepared: Prepared;
  readonly timing: LayerTiming;
}

const rankCandidates = (candidates: readonly Candidate[], { prepared, timing }: Ground): Promise<Ranking> =>
  rank(
    candidates.map((candidate) => timedCandidate(candidate, prepared, timing.size)),
    timing.timer,
  );

/** Layers tried in the other forms that came near their best, the closest calls first; ends when its time is up. */
async function improved(start: Candidate, ground: Ground): Promise<Candidate> {
  const began = performance.now();
  let best = start;
  const layers = [...start.variant.layers].sort((a, b) => lead(a) - lead(b));
  for (const layer of layers) {
    const others = alternatives(best, layer);
    if (others.length === 0) continue;
    if (performance.now() - began > MOST_SECONDS * 1000) break;
    const ranking = await rankCandidates([best, ...others], ground);
    best = [best, ...others][ranking.best]!;
  }
  return best;
}

/** Forms that take up to this much longer than a layer's best may still be better in the whole network. */
const NEAR = 1.4;
/** Most forms of a layer that are tried in the whole network. */
const MOST_ALTERNATIVES = 2;

/** How much longer a layer's second form takes than its first. */
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
  const near = offered
    .map((plan, i) => ({ plan, ms: forms[i]!.ms }))
    .filter(({ plan, ms }) => plan.form !== now && ms < least * NEAR)
    .sort((a, b) => a.ms - b.ms);
  return near.slice(0, MOST_ALTERNATIVES).map(({ plan }) => {
    const changed = new Map(plans).set(name, plan);
    if (plan.form === 'dense') changed.delete(name);
    return { variant, plans: changed };
  });
}
