import { type Dim, requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { misfit, shapeOf } from './dims.ts';
import type { Call, Inferred, ShapeRules } from './rule.ts';
import { places, type WindowAttributes, windows } from './window.ts';

const AT_LEAST_2: readonly [number, number] = [2, Number.POSITIVE_INFINITY];

/** x: [N, C, …size] → [N, C, …places]. */
function pooled(call: Call, attributes: WindowAttributes): Shape | null {
  const { node } = call;
  const shape = shapeOf(call, 0, AT_LEAST_2);
  const { kernel_shape: kernel } = attributes;
  if (!kernel) throw misfit(node, 'expected a kernel_shape, got none');
  if (!shape) return null;
  if (kernel.length !== shape.length - 2) {
    throw misfit(node, `expected a kernel of ${shape.length - 2} dimensions, got ${kernel.length}`);
  }
  const axes = windows(call, attributes, kernel);
  return [...shape.slice(0, 2), ...axes.map((window, i) => places(node, shape[i + 2]!, window))];
}

/** x: [N, C, …size] → [N, C, …1]. */
function pooledGlobally(call: Call): Inferred[] {
  const shape = shapeOf(call, 0, AT_LEAST_2);
  const dtype = requiredInput(call.node, 0).dtype;
  return [{ dtype, shape: shape?.map((dim, axis): Dim => (axis < 2 ? dim : 1)) ?? null }];
}

/** Pools. */
export const poolingShapes = {
  MaxPool: (call) => {
    const shape = pooled(call, call.attributes);
    return [
      { dtype: requiredInput(call.node, 0).dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  AveragePool: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: pooled(call, call.attributes) }],
  LpPool: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: pooled(call, call.attributes) }],
  GlobalAveragePool: pooledGlobally,
  GlobalMaxPool: pooledGlobally,
  GlobalLpPool: pooledGlobally,
} satisfies Partial<ShapeRules<OperatorName>>;
