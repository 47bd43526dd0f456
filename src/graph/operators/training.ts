import { float, int, ints, operator, string } from './schema.ts';

const window = { kernel_shape: ints(), strides: ints(), pads: ints() };
const convolution = { strides: ints(), pads: ints(), dilations: ints(), group: int(1), size: ints() };

/**
 * The training operators (domain `espalier`), which gradient rules and optimisers emit. Each has a decomposition into ONNX
 * operators; an executor may have native kernels instead. `pads` are explicit; `size` is the shape of the result; dy denotes
 * ∂L/∂y.
 */
export const trainingOperators = {
  /** (dy, w) → dx, for y = x ⋆ w. */
  ConvGradInput: operator(['dy', 'weight'], convolution),
  /** (x, dy) → dw, for y = x ⋆ w. */
  ConvGradWeight: operator(['x', 'dy'], convolution),
  /**
   * (x, scale, bias, runningMean, runningVariance) → y, newRunningMean, newRunningVariance, mean, inverseDeviation.
   * y = scale·(x − μ)/√(σ² + ε) + bias over the batch; running ← momentum·running + (1 − momentum)·batch, with the
   * unbiased batch variance n/(n − 1)·σ², as PyTorch keeps it.
   */
  BatchNormalizationTraining: operator(
    ['x', 'scale', 'bias', 'runningMean', 'runningVariance'],
    { epsilon: float(1e-5), momentum: float(0.9) },
    5,
  ),
  /** (dy, x, scale, mean, inverseDeviation) → dx, dscale, dbias. */
  BatchNormalizationGrad: operator(['dy', 'x', 'scale', 'mean', 'inverseDeviation'], {}, 3),
  /** (dy, y) → dx, for y = max(x, 0): dy where y > 0. */
  ReluGrad: operator(['dy', 'y']),
  /** (dy, y, low, high) → dx, for y = min(max(x, low), high): dy where low < y < high; a bound may be absent. */
  ClipGrad: operator(['dy', 'y', 'low?', 'high?']),
  /** (x) → y = x·σ(x), which exporters write as Sigmoid and Mul. */
  SwishTraining: operator(['x']),
  /** (x) → y = x·Φ(x), which exporters write with Erf; Φ is the normal distribution's function. */
  GeluTraining: operator(['x']),
  /** (dy, x) → dx, for y = x·σ(x). */
  SwishGrad: operator(['dy', 'x']),
  /** (dy, x) → dx, for HardSwish. */
  HardSwishGrad: operator(['dy', 'x']),
  /** (dy, x) → dx, for Mish. */
  MishGrad: operator(['dy', 'x']),
  /** (dy, x) → dx, for Gelu with the same attribute. */
  GeluGrad: operator(['dy', 'x'], { approximate: string('none') }),
  /** (dy, x) → dx, for LeakyRelu: alpha·dy where x ≤ 0. */
  LeakyReluGrad: operator(['dy', 'x'], { alpha: float(0.01) }),
  /** (dy, y) → dx, for y = σ(x). */
  SigmoidGrad: operator(['dy', 'y']),
  /** (dy, y) → dx, for y = tanh x. */
  TanhGrad: operator(['dy', 'y']),
  /** (dy, y) → dx, for y = Softmax(x); with `log` for y = LogSoftmax(x). */
  SoftmaxGrad: operator(['dy', 'y'], { axis: int(-1), log: int(0) }),
  /**
   * (dy) → dx, for a Resize of spatial axes between the centres of elements: `nearest`, which repeats each a whole number of
   * times, or `linear`.
   */
  ResampleGrad: operator(['dy'], { mode: string('nearest'), size: ints() }),
  /** (dy, y, x) → dx: the gradient of each window goes to the first element, row by row, that attains its maximum. */
  MaxPoolGrad: operator(['dy', 'y', 'x'], { ...window, dilations: ints() }),
  /** (dy) → dx. */
  AveragePoolGrad: operator(['dy'], { ...window, count_include_pad: int(0), size: ints() }),
  /** (logits [N, K], labels int64 [N]) → loss [] (mean over N), log-probabilities [N, K]. */
  SoftmaxCrossEntropy: operator(['logits', 'labels'], { label_smoothing: float(0) }, 2),
  /** (dloss [], log-probabilities, labels) → dlogits. */
  SoftmaxCrossEntropyGrad: operator(['dloss', 'logProbabilities', 'labels'], { label_smoothing: float(0) }),
  /**
   * (w, g, m, learningRate []) → w′, m′. g ← g + weight_decay·w (coupled); m′ = momentum·m + g;
   * w′ = w − lr·(nesterov ? g + momentum·m′ : m′); decoupled decay subtracts lr·weight_decay·w instead.
   */
  SgdUpdate: operator(
    ['weight', 'gradient', 'momentum', 'learningRate'],
    { momentum: float(0.9), nesterov: int(0), weight_decay: float(0), decoupled: int(0) },
    2,
  ),
  /** (w, g, m, v, learningRate [], step [] from 1) → w′, m′, v′ (Loshchilov & Hutter, ICLR 2019, algorithm 2). */
  AdamWUpdate: operator(
    ['weight', 'gradient', 'mean', 'variance', 'learningRate', 'step'],
    { beta1: float(0.9), beta2: float(0.999), epsilon: float(1e-8), weight_decay: float(0.01) },
    3,
  ),
  /**
   * (skeleton [M, kH, kW], g, m, mask, learningRate [], alpha [], threshold []) → skeleton′, m′, mask′.
   * g ← (g + α·sign(I) + weight_decay·I)·mask; m′ = momentum·m + g; I′ = I − lr·m′; mask′ = mask·(|I′| > threshold);
   * I′ and m′ are multiplied by mask′, so that a dead stripe stays dead.
   */
  SkeletonUpdate: operator(
    ['skeleton', 'gradient', 'momentum', 'mask', 'learningRate', 'alpha', 'threshold'],
    { momentum: float(0.9), weight_decay: float(0) },
    3,
  ),
} as const;
