import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { Convolution } from './convolution.ts';

/** One exact way to compute a convolution. */
export interface FormPlan {
  /** `dense`, `crop`, `parts 3` …: unique among the plans of a layer. */
  readonly form: string;
  /** The filters in the order in which it computes them. */
  readonly order: readonly number[];
  /** What it is expected to take, in microseconds. */
  readonly estimate: number;
  /** Everything but the weights that its time depends on. */
  readonly signature: string;
  /** Whether it joins maps of several convolutions, so that what follows is better done to each. */
  readonly joins: boolean;
  /** Maps [N, M, H, W], the filters in its order; where it joins maps, `after` is done to each before. */
  lower(g: Builder, conv: Convolution, after?: (map: Value) => Value): Value;
}

/** The filters as they stand. */
export const inOrder = ({ filters }: Convolution): number[] => Array.from({ length: filters }, (_, m) => m);

/** Whether a plan leaves the filters as they stand. */
export const keepsOrder = ({ order }: FormPlan): boolean => order.every((filter, i) => filter === i);
