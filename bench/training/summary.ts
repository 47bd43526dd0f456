import { median } from '../../src/numeric/statistics.ts';
import type { ComparedNetwork } from './networks.ts';
import type { Rounds, Series } from './rounds.ts';
import { stepFlops } from './work.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Speed {
  readonly imagesPerSecond: Spread;
  /** Of all steps after those that warm up, where the side tells: the median of the rounds. */
  readonly medianStepImagesPerSecond?: number;
  /** The largest of all rounds. */
  readonly peakBytes: number;
}

type Speeds = Readonly<Record<string, Speed>>;

/** What one network's measurements say; null where the peer or the matrix product is missing. */
export interface NetworkSummary {
  readonly model: string;
  /** Median of ours over the median of PyTorch's better layout: above 1 is faster. */
  readonly ratio: number | null;
  /** The ratio within each round. */
  readonly ratioSpread: Spread | null;
  readonly betterLayout: string | null;
  /** By executor; the first is the one in the ratio. */
  readonly ours: Speeds;
  /** By layout. */
  readonly peer: Speeds;
  /** null for networks that are not trained with skeletons. */
  readonly skeletons: {
    readonly ours: Speeds;
    readonly peer: Speeds;
    /** Time that skeletons add to a step, in percent of it: the median and the extremes of what each round says. */
    readonly oursCostPercent: Spread;
    /** The same for PyTorch, each in its better layout. */
    readonly peerCostPercent: Spread | null;
  } | null;
  /** Images a step. */
  readonly batch: number;
  /** Multiply-accumulates of the forward pass, for one image. */
  readonly macs: number;
  readonly stepFlopsPerImage: number;
  readonly gflops: number;
  /** gflops over the median of the matrix product. */
  readonly shareOfMatmul: number | null;
}

/** Condenses the rounds of one network. */
export function summarize(compared: ComparedNetwork, { series, matmul }: Rounds): NetworkSummary {
  const { model, batch } = compared;
  const of = (side: string, skeleton: boolean) =>
    series.filter(
      ({ network, contestant }) =>
        network === compared && contestant.side === side && contestant.skeleton === skeleton,
    );
  const [[ours], [oursShaped]] = [of('ours', false), of('ours', true)];
  const [better, betterShaped] = [fastest(of('peer', false)), fastest(of('peer', true))];
  const { macs, flops } = stepFlops(model);
  const gflops = (middle(ours!) * flops) / 1e9;
  return {
    model,
    ratio: better && middle(ours!) / middle(better),
    ratioSpread: better && spread(byRound(ours!, better)),
    betterLayout: better?.contestant.form ?? null,
    ours: byForm(of('ours', false)),
    peer: byForm(of('peer', false)),
    batch,
    skeletons: oursShaped
      ? {
          ours: byForm(of('ours', true)),
          peer: byForm(of('peer', true)),
          oursCostPercent: costPercent(ours!, oursShaped),
          peerCostPercent: better && costPercent(better, betterShaped!),
        }
      : null,
    macs,
    stepFlopsPerImage: flops,
    gflops,
    shareOfMatmul: matmul.length > 0 ? gflops / median(matmul) : null,
  };
}

/** Median, least and greatest. */
export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

const speeds = ({ measurements }: Series): number[] =>
  measurements.map(({ imagesPerSecond }) => imagesPerSecond);
const middle = (series: Series): number => median(speeds(series));

/** How many times as fast one was as the other, in each round. */
const byRound = (one: Series, other: Series): number[] =>
  speeds(one).map((speed, i) => speed / speeds(other)[i]!);

const costPercent = (plain: Series, shaped: Series): Spread =>
  spread(byRound(plain, shaped).map((ratio) => 100 * (ratio - 1)));

const fastest = (candidates: readonly Series[]): Series | null =>
  candidates.reduce<Series | null>(
    (best, next) => (best && middle(best) >= middle(next) ? best : next),
    null,
  );

const byForm = (candidates: readonly Series[]): Speeds =>
  Object.fromEntries(candidates.map((series) => [series.contestant.form, speedOf(series)]));

function speedOf(series: Series): Speed {
  const steps = series.measurements.flatMap(({ medianImagesPerSecond }) => medianImagesPerSecond ?? []);
  return {
    imagesPerSecond: spread(speeds(series)),
    ...(steps.length > 0 && { medianStepImagesPerSecond: median(steps) }),
    peakBytes: Math.max(...series.measurements.map(({ peakBytes }) => peakBytes)),
  };
}
