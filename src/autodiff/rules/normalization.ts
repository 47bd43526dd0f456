import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { number, perChannel, reshape } from '../append.ts';
import { allAxes, allBut, dims, refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

interface Normalized {
  /** x̂ = (x − μ)/√(σ² + ε). */
  readonly normalized: Value;
  /** 1/√(σ² + ε). */
  readonly inverse: Value;
  /** The axes over which μ and σ² are computed. */
  readonly axes: Value;
}

function normalize(g: Builder, x: Value, { axes, epsilon }: { axes: readonly number[]; epsilon: number }) {
  const over = g.int64s(axes);
  const centred = g.Sub(x, g.ReduceMean(x, over, { keepdims: 1 }));
  const variance = g.ReduceMean(g.Mul(centred, centred), over, { keepdims: 1 });
  const inverse = g.Reciprocal(g.Sqrt(g.Add(variance, number(g, epsilon, x))));
  return { normalized: g.Mul(centred, inverse), inverse, axes: over };
}

/** dx = (dx̂ − mean(dx̂) − x̂·mean(dx̂·x̂))/√(σ² + ε). */
function throughNormalization(g: Builder, { normalized, inverse, axes }: Normalized, dy: Value): Value {
  const mean = g.ReduceMean(dy, axes, { keepdims: 1 });
  const projection = g.ReduceMean(g.Mul(dy, normalized), axes, { keepdims: 1 });
  return g.Mul(g.Sub(g.Sub(dy, mean), g.Mul(normalized, projection)), inverse);
}

/** Normalisations and softmaxes. */
export const normalizationGradients = {
  /** y = γ·x̂ + β with fixed μ and v = σ² + ε: dv = −½·Σ(dy·γ·x̂)/v, dμ = −Σ dy·γ/√v. */
  BatchNormalization: ({ node, inputs: { x, scale, mean, variance }, attributes }, [dy], g) => {
    if (attributes.training_mode) throw refusal(node, 'has a gradient only outside training mode');
    const total = g.Add(variance, number(g, attributes.epsilon, variance));
    const inverse = g.Reciprocal(g.Sqrt(total));
    const factor = g.Mul(scale, inverse);
    const axes = g.int64s(allBut(1, x));
    const normalized = g.Mul(g.Sub(x, perChannel(g, mean, x)), perChannel(g, inverse, x));
    const dbias = g.ReduceSum(dy, axes, { keepdims: 0 });
    const dscale = g.ReduceSum(g.Mul(dy, normalized), axes, { keepdims: 0 });
    const dvariance = g.Mul(g.Div(g.Mul(dscale, scale), total), number(g, -0.5, x));
    return [g.Mul(dy, perChannel(g, factor, x)), dscale, dbias, g.Neg(g.Mul(dbias, factor)), dvariance];
  },
  /** μ and σ² per image and channel. */
  InstanceNormalization: ({ inputs: { x, scale }, attributes: { epsilon } }, [dy], g) => {
    const parts = normalize(g, x, { axes: allAxes(x).slice(2), epsilon });
    const sums = g.int64s(allBut(1, x));
    return [
      throughNormalization(g, parts, g.Mul(dy, perChannel(g, scale, x))),
      g.ReduceSum(g.Mul(dy, parts.normalized), sums, { keepdims: 0 }),
      g.ReduceSum(dy, sums, { keepdims: 0 }),
    ];
  },
  /** μ and σ² over the last axes. */
  LayerNormalization: ({ node, inputs: { x, scale }, attributes: { axis, epsilon } }, [dy, ...others], g) => {
    if (others.some(Boolean)) throw refusal(node, 'has no gradient through its statistics');
    const parts = normalize(g, x, { axes: allAxes(x).slice(axis), epsilon });
    return [throughNormalization(g, parts, g.Mul(dy, scale)), g.Mul(dy, parts.normalized), dy];
  },
  /** μ and σ² per image and group; scale and bias per group (opset 18) or per channel (from 21). */
  GroupNormalization: ({ inputs: { x, scale }, attributes }, [dy], g) => {
    const [batch, channels, ...size] = dims(x, 2);
    const { num_groups: groups = 1 } = attributes;
    const split = [batch, groups, channels / groups, ...size];
    const stretched = [groups, dims(scale, 1)[0] / groups, ...size.map(() => 1)];
    const [grouped, gradient] = [reshape(g, x, split), reshape(g, dy, split)];
    const axes = split.map((_, axis) => axis).slice(2);
    const parts = normalize(g, grouped, { axes, epsilon: attributes.epsilon });
    const dx = throughNormalization(g, parts, g.Mul(gradient, reshape(g, scale, stretched)));
    const perScale = (value: Value) => {
      const summed = [0, ...axes.slice(stretched[1] === 1 ? 0 : 1)];
      return reshape(g, g.ReduceSum(value, g.int64s(summed), { keepdims: 0 }), dims(scale));
    };
    return [reshape(g, dx, dims(x)), perScale(g.Mul(gradient, parts.normalized)), perScale(gradient)];
  },
  MeanVarianceNormalization: ({ inputs: { x }, attributes: { axes } }, [dy], g) => [
    throughNormalization(g, normalize(g, x, { axes, epsilon: 1e-9 }), dy),
  ],
  LpNormalization: 'unsupported',
  LRN: 'unsupported',
  Softmax: ({ outputs: [y], attributes: { axis = -1 } }, [dy], g) => [g.SoftmaxGrad(dy, y, { axis })],
  LogSoftmax: ({ outputs: [y], attributes: { axis = -1 } }, [dy], g) => [
    g.SoftmaxGrad(dy, y, { axis, log: 1 }),
  ],
  Hardmax: 'none',
} satisfies Partial<GradientRows<OperatorName>>;
