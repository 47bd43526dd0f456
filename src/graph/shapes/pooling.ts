import { zip } from '../../numeric/zip.ts';
import type { Dim, Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { misfit, shapeOfLeastRank } from './dims.ts';
import type { CallOnX, Inferred, ShapeRules } from './rule.ts';
import { places, type WindowShapeAttributes, windows } from './window.ts';

/** x: [N, C, …size] → [N, C, …places]. */
function pooled(call: CallOnX, attributes: WindowShapeAttributes): Shape | null {
  const { node } = call;
  const shape = shapeOfLeastRank(node, call.inputs.x, 2);
  const { kernel_shape: kernel } = attributes;
  if (!kernel) throw misfit(node, 'expected a kernel_shape, got none');
  if (!shape) return null;
  if (kernel.length !== shape.length - 2) {
    throw misfit(node, `expected a kernel of ${shape.length - 2} dimensions, got ${kernel.length}`);
  }
  const [batch, channels, ...size] = shape;
  const axes = zip(size, windows(node, attributes, kernel));
  return [batch, channels, ...axes.map(([dim, window]) => places(node, dim, window))];
}

/** x: [N, C, …size] → [N, C, …1]. */
function pooledGlobally({ node, inputs: { x } }: CallOnX): Inferred[] {
  const shape = shapeOfLeastRank(node, x, 2);
  return [{ dtype: x.dtype, shape: shape?.map((dim, axis): Dim => (axis < 2 ? dim : 1)) ?? null }];
}

/** Pools. */
export const poolingShapes = {
  MaxPool: (call) => {
    const shape = pooled(call, call.attributes);
    return [
      { dtype: call.inputs.x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  AveragePool: (call) => [{ dtype: call.inputs.x.dtype, shape: pooled(call, call.attributes) }],
  LpPool: (call) => [{ dtype: call.inputs.x.dtype, shape: pooled(call, call.attributes) }],
  GlobalAveragePool: pooledGlobally,
  GlobalMaxPool: pooledGlobally,
  GlobalLpPool: pooledGlobally,
} satisfies Partial<ShapeRules<OperatorName>>;
