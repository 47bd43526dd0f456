import { requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { equalDims, misfit, product, shapeFrom, shapeOf } from './dims.ts';
import type { Call, Inferred, ShapeRules } from './rule.ts';

/** Outputs with the types of the inputs at these positions. */
const typesOf =
  (...indices: readonly number[]) =>
  ({ node }: Call): Inferred[] =>
    indices.map((index) => {
      const { dtype, shape } = requiredInput(node, index);
      return { dtype, shape };
    });

/** A result whose shape the attribute `size` states. */
function sized({ node }: Call, size: readonly number[] | undefined): Shape {
  if (!size) throw misfit(node, 'expected a size, got none');
  return shapeFrom(node, size);
}

/** The optimisers' results replace what they update: equal shapes throughout. */
function updated(call: Call, count: number): Inferred[] {
  const weight = shapeOf(call, 0);
  for (let index = 1; index <= count; index++) {
    const shape = shapeOf(call, index);
    if (!weight || !shape) continue;
    if (shape.length !== weight.length) {
      throw misfit(call.node, `expected ${weight.length} dimensions of input ${index}, got ${shape.length}`);
    }
    weight.forEach((dim, axis) =>
      equalDims(call.node, `on axis ${axis} of input ${index}`, dim, shape[axis]!),
    );
  }
  const { dtype, shape } = requiredInput(call.node, 0);
  return Array.from({ length: count }, () => ({ dtype, shape }));
}

/** The training operators; their signatures stand with their schemas. */
export const trainingShapes = {
  ConvGradInput: (call) => {
    const size = sized(call, call.attributes.size);
    const weight = shapeOf(call, 1);
    if (weight) {
      equalDims(
        call.node,
        'input channels',
        product(call.node, [weight[1]!, call.attributes.group]),
        size[1]!,
      );
      equalDims(call.node, 'filters', weight[0]!, shapeOf(call, 0)?.[1] ?? null);
    }
    return [{ dtype: requiredInput(call.node, 0).dtype, shape: size }];
  },
  ConvGradWeight: (call) => {
    const size = sized(call, call.attributes.size);
    equalDims(call.node, 'filters', size[0]!, shapeOf(call, 1)?.[1] ?? null);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape: size }];
  },
  BatchNormalizationTraining: (call) => {
    const { dtype, shape } = requiredInput(call.node, 0);
    const channels = [1, 2, 3, 4].reduce(
      (known, index) => equalDims(call.node, 'channels', known, shapeOf(call, index, [1, 1])?.[0] ?? null),
      shape?.[1] ?? null,
    );
    const statistic = { dtype, shape: [channels] };
    return [{ dtype, shape }, statistic, statistic, statistic, statistic];
  },
  BatchNormalizationGrad: typesOf(1, 2, 2),
  ReluGrad: typesOf(0),
  ClipGrad: typesOf(0),
  MaxPoolGrad: typesOf(2),
  AveragePoolGrad: (call) => [
    { dtype: requiredInput(call.node, 0).dtype, shape: sized(call, call.attributes.size) },
  ],
  SoftmaxCrossEntropy: (call) => {
    const logits = shapeOf(call, 0, [2, 2]);
    const labels = shapeOf(call, 1, [1, 1]);
    if (logits && labels) equalDims(call.node, 'labels', logits[0]!, labels[0]!);
    const { dtype } = requiredInput(call.node, 0);
    return [
      { dtype, shape: [] },
      { dtype, shape: logits },
    ];
  },
  SoftmaxCrossEntropyGrad: typesOf(1),
  SgdUpdate: (call) => {
    updated(call, 2);
    return typesOf(0, 2)(call);
  },
  AdamWUpdate: (call) => updated(call, 3),
  SkeletonUpdate: (call) => updated(call, 3),
} satisfies Partial<ShapeRules<OperatorName>>;
