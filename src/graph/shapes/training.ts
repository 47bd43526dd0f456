import { zip } from '../../numeric/zip.ts';
import type { Node, Shape, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { equalDims, misfit, product, shapeFrom, shapeOfLeastRank, shapeOfRank } from './dims.ts';
import type { Inferred, ShapeRules } from './rule.ts';

/** Outputs with the same types as the given inputs. */
const typesOf = (...inputs: readonly Value[]): Inferred[] =>
  inputs.map(({ dtype, shape }) => ({ dtype, shape }));

/** The shape given by the attribute `size`. */
function sized(node: Node, size: readonly number[] | undefined): Shape {
  if (!size) throw misfit(node, 'expected a size, got none');
  return shapeFrom(node, size);
}

/** The results of optimisers replace their inputs, so all shapes must be equal. */
function expectEqualShapes(node: Node, { shape: wanted }: Value, others: readonly Value[]): void {
  for (const { name, shape } of others) {
    if (!wanted || !shape) continue;
    if (shape.length !== wanted.length) {
      throw misfit(node, `expected ${wanted.length} dimensions of ${name}, got ${shape.length}`);
    }
    for (const [axis, [dim, found]] of zip(wanted, shape).entries()) {
      equalDims(node, `on axis ${axis} of ${name}`, dim, found);
    }
  }
}

/** Shapes of the training operators, whose signatures are documented with their schemas. */
export const trainingShapes = {
  ConvGradInput: ({ node, inputs: { dy, weight }, attributes }) => {
    const size = sized(node, attributes.size);
    const [filters, channels] = shapeOfLeastRank(node, weight, 2) ?? [];
    if (filters !== undefined && channels !== undefined) {
      equalDims(node, 'input channels', product(node, [channels, attributes.group]), size[1] ?? null);
      equalDims(node, 'filters', filters, dy.shape?.[1] ?? null);
    }
    return [{ dtype: dy.dtype, shape: size }];
  },
  ConvGradWeight: ({ node, inputs: { x, dy }, attributes }) => {
    const size = sized(node, attributes.size);
    equalDims(node, 'filters', size[0] ?? null, dy.shape?.[1] ?? null);
    return [{ dtype: x.dtype, shape: size }];
  },
  BatchNormalizationTraining: ({ node, inputs: { x, ...parameters } }) => {
    const { dtype, shape } = x;
    const channels = Object.values(parameters).reduce(
      (known, parameter) => equalDims(node, 'channels', known, shapeOfRank(node, parameter, 1)?.[0] ?? null),
      shape?.[1] ?? null,
    );
    const statistic = { dtype, shape: [channels] };
    return [{ dtype, shape }, statistic, statistic, statistic, statistic];
  },
  BatchNormalizationGrad: ({ inputs: { x, scale } }) => typesOf(x, scale, scale),
  SwishTraining: ({ inputs: { x } }) => typesOf(x),
  GeluTraining: ({ inputs: { x } }) => typesOf(x),
  ReluGrad: ({ inputs: { dy } }) => typesOf(dy),
  SwishGrad: ({ inputs: { dy } }) => typesOf(dy),
  HardSwishGrad: ({ inputs: { dy } }) => typesOf(dy),
  MishGrad: ({ inputs: { dy } }) => typesOf(dy),
  GeluGrad: ({ inputs: { dy } }) => typesOf(dy),
  LeakyReluGrad: ({ inputs: { dy } }) => typesOf(dy),
  SigmoidGrad: ({ inputs: { dy } }) => typesOf(dy),
  TanhGrad: ({ inputs: { dy } }) => typesOf(dy),
  SoftmaxGrad: ({ inputs: { dy } }) => typesOf(dy),
  ResampleGrad: ({ node, inputs: { dy }, attributes }) => [
    { dtype: dy.dtype, shape: sized(node, attributes.size) },
  ],
  ClipGrad: ({ inputs: { dy } }) => typesOf(dy),
  MaxPoolGrad: ({ inputs: { x } }) => typesOf(x),
  AveragePoolGrad: ({ node, inputs: { dy }, attributes }) => [
    { dtype: dy.dtype, shape: sized(node, attributes.size) },
  ],
  SoftmaxCrossEntropy: ({ node, inputs: { logits, labels } }) => {
    const [rows = null] = shapeOfRank(node, logits, 2) ?? [];
    const [count = null] = shapeOfRank(node, labels, 1) ?? [];
    equalDims(node, 'labels', rows, count);
    return [{ dtype: logits.dtype, shape: [] }, ...typesOf(logits)];
  },
  SoftmaxCrossEntropyGrad: ({ inputs: { logProbabilities } }) => typesOf(logProbabilities),
  SgdUpdate: ({ node, inputs: { weight, gradient, momentum } }) => {
    expectEqualShapes(node, weight, [gradient, momentum]);
    return typesOf(weight, momentum);
  },
  AdamWUpdate: ({ node, inputs: { weight, gradient, mean, variance } }) => {
    expectEqualShapes(node, weight, [gradient, mean, variance]);
    return typesOf(weight, weight, weight);
  },
  SkeletonUpdate: ({ node, inputs: { skeleton, gradient, momentum, mask } }) => {
    expectEqualShapes(node, skeleton, [gradient, momentum, mask]);
    return typesOf(skeleton, skeleton, skeleton);
  },
} satisfies Partial<ShapeRules<OperatorName>>;
