import type { Value } from '../graph/graph.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import type { StepScope } from './step-graph.ts';

/** The name of the state with the moving average of a parameter or running statistic. */
export const averageName = (name: string): string => `${name}.average`;

/** A parameter or running statistic in a training step. */
export interface AveragedState {
  readonly value: Value;
  readonly next: Value;
  readonly initial: Tensor;
}

/**
 * Appends the exponential moving average of each state after the step: a ← d·a + (1 − d)·w, starting with the initial w,
 * where d = min(decay, (1 + t)/(10 + t)) in step t (TensorFlow's ExponentialMovingAverage), so that short runs forget their
 * start.
 */
export function appendAverages(scope: StepScope, states: readonly AveragedState[], decay: number): void {
  const { g } = scope;
  const step = scope.scalar('step');
  const [one, ten] = [g.floats(1), g.floats(10)];
  const kept = g.Min(g.floats(decay), g.Div(g.Add(step, one), g.Add(step, ten)));
  const added = g.Sub(one, kept);
  for (const { value, next, initial } of states) {
    const average = scope.state(averageName(value.name), initial);
    scope.setNext(average, g.Add(g.Mul(average, kept), g.Mul(next, added)));
  }
}

/** A training state in which parameters and running statistics are replaced by their averages. */
export const averagedState = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [name, state[averageName(name)] ?? tensor]),
  );
