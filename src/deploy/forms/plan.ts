import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { Convolution } from './convolution.ts';

/** One exact way to compute a convolution. */
export interface FormPlan {
  /** A name such as `dense`, `crop` or `parts 3`, unique among the plans of a layer. */
  readonly form: string;
  /** The order in which the plan computes the filters. */
  readonly order: readonly number[];
  /** Predicted microseconds. */
  readonly estimate: number;
  /** Everything except the weights that the plan's time depends on. */
  readonly signature: string;
  /**
   * Whether the plan concatenates feature maps of several convolutions, so that the next operator is better applied to each.
   */
  readonly joins: boolean;
  /**
   * Appends the plan: feature maps [N, M, H, W] in the plan's order. If the plan concatenates maps, `after` is applied to
   * each before.
   */
  lower(g: Builder, conv: Convolution, after?: (map: Value) => Value): Value;
}

/** The identity order. */
export const inOrder = ({ filters }: Convolution): number[] => Array.from({ length: filters }, (_, m) => m);

/** Whether a plan does not reorder the filters. */
export const keepsOrder = ({ order }: FormPlan): boolean => order.every((filter, i) => filter === i);
