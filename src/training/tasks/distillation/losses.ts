import type { Builder } from '../../../graph/builder.ts';
import type { Value } from '../../../graph/graph.ts';
import { elementCount, type Tensor } from '../../../numeric/tensor.ts';
import type { DistilledPair } from './pairs.ts';

/** Values of a student and its teacher, and the parameters of their loss. */
interface ComparedValues {
  readonly student: Value;
  readonly teacher: Value;
  readonly pair: DistilledPair;
  readonly temperature: number;
  /** For `mse`: 1/σ² of the teacher, [1, …, C, …, 1]. */
  readonly inverseVariance: Tensor | null;
}

/** The weighted loss of one pair. */
export function pairLoss(g: Builder, compared: ComparedValues): Value {
  const { pair } = compared;
  const loss =
    pair.loss === 'mse'
      ? squaredError(g, compared)
      : pair.axis === null
        ? sigmoidDivergence(g, compared)
        : softmaxDivergence(g, compared, pair.axis);
  return g.Mul(loss, g.floats(pair.weight));
}

/** mean((s − t)²/σ²). */
function squaredError(g: Builder, { student, teacher, inverseVariance }: ComparedValues): Value {
  const difference = g.Sub(student, teacher);
  const squares = g.Mul(difference, difference);
  return mean(g, inverseVariance ? g.Mul(squares, g.constant(inverseVariance)) : squares);
}

/** τ²·KL(softmax(t/τ) ‖ softmax(s/τ)), the mean over all distributions (Hinton et al., 2015, arXiv:1503.02531). */
function softmaxDivergence(g: Builder, compared: ComparedValues, axis: number): Value {
  const { pair, temperature } = compared;
  const [s, t] = softened(g, compared);
  const [logS, logT] = [g.LogSoftmax(s, { axis }), g.LogSoftmax(t, { axis })];
  const terms = g.Mul(g.Softmax(t, { axis }), g.Sub(logT, logS));
  return g.Mul(mean(g, terms), g.floats(temperature ** 2 * pair.shape[axis]!));
}

/** s/τ and t/τ. */
function softened(
  g: Builder,
  { student, teacher, temperature }: ComparedValues,
): readonly [s: Value, t: Value] {
  const divided = (value: Value) => g.Div(value, g.floats(temperature));
  return [divided(student), divided(teacher)];
}

/** τ²·KL of the probabilities σ(t/τ) and σ(s/τ): softplus(s) − softplus(t) − σ(t)·(s − t), the mean over all elements. */
function sigmoidDivergence(g: Builder, compared: ComparedValues): Value {
  const [s, t] = softened(g, compared);
  const difference = g.Mul(g.Sigmoid(t), g.Sub(s, t));
  const terms = g.Sub(g.Sub(g.Softplus(s), g.Softplus(t)), difference);
  return g.Mul(mean(g, terms), g.floats(compared.temperature ** 2));
}

/**
 * The number of images of a batch for which both networks choose the same class; for maps, the sum over images of the
 * fraction of equal positions.
 */
export function agreement(g: Builder, { student, teacher, pair }: ComparedValues, axis: number): Value {
  const classes = (value: Value) => g.ArgMax(value, { axis, keepdims: 0 });
  const equal = g.Cast(g.Equal(classes(student), classes(teacher)), { to: 1 });
  const perImage = elementCount(pair.shape) / (pair.shape[0]! * pair.shape[axis]!);
  return g.Div(g.ReduceSum(equal, null, { keepdims: 0 }), g.floats(perImage));
}

const mean = (g: Builder, value: Value): Value => g.ReduceMean(value, null, { keepdims: 0 });
