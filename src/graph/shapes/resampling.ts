import { type Dim, requiredInput, type Shape } from '../graph.ts';
import type { AttributesOf, OperatorName } from '../operators/index.ts';
import { axesOf, equalDims, misfit, shapeOf, sizeOf, unknownDims } from './dims.ts';
import type { Call, ShapeCall, ShapeRules } from './rule.ts';

/** Each axis' size after resizing by the input `scales` or to the input `sizes`, whichever is given. */
function resized(call: ShapeCall<'Resize'>): Shape | null {
  const { node, inputs, attributes } = call;
  const shape = shapeOf(call, 0);
  if (!shape) return null;
  // Opset 10 has no input for the region of interest.
  const scalesAt = call.opset < 11 ? 1 : 2;
  const axes = attributes.axes ? axesOf(node, attributes.axes, shape.length) : shape.map((_, axis) => axis);
  const result = [...shape];
  const set = (list: readonly Dim[] | null, size: (entry: Dim, dim: Dim) => Dim) => {
    if (list && list.length !== axes.length) {
      throw misfit(node, `expected a scale or size for ${axes.length} axes, got ${list.length}`);
    }
    axes.forEach((axis, i) => {
      result[axis] = list ? size(list[i]!, shape[axis]!) : null;
    });
  };
  if (inputs[3])
    set(targetSizes(call, axes, shape), (size) => (typeof size === 'number' ? sizeOf(node, size) : size));
  else set(call.contents(scalesAt), (scale, dim) => scaled(call, scale, dim));
  return result;
}

function scaled({ node }: Call, scale: Dim, dim: Dim): Dim {
  if (scale === 1) return dim;
  if (typeof scale !== 'number' || typeof dim !== 'number') return null;
  if (scale <= 0) throw misfit(node, `expected positive scales, got ${scale}`);
  return sizeOf(node, Math.floor(dim * scale));
}

/** The sizes asked for, or those of the same aspect ratio within or around them. */
function targetSizes(
  call: ShapeCall<'Resize'>,
  axes: readonly number[],
  shape: Shape,
): readonly Dim[] | null {
  const sizes = call.contents(3);
  const policy = call.attributes.keep_aspect_ratio_policy;
  if (!sizes || policy === 'stretch') return sizes;
  const ratios = axes.map((axis, i) => Number(sizes[i] ?? Number.NaN) / Number(shape[axis] ?? Number.NaN));
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map((axis) => (Number.isFinite(ratio) ? Math.floor(Number(shape[axis]) * ratio + 0.5) : null));
}

/** [N, C, H, W] → [N, C·b⁻², H·b, W·b], or back where `down`. */
function moved(call: Call, { blocksize }: Pick<AttributesOf<'DepthToSpace'>, 'blocksize'>, down: boolean) {
  const { node } = call;
  const shape = shapeOf(call, 0, [4, 4]);
  const { dtype } = requiredInput(node, 0);
  if (!shape) return [{ dtype, shape: unknownDims(4) }];
  const b = blocksize ?? 0;
  if (b < 1) throw misfit(node, `expected a blocksize of at least 1, got ${b}`);
  const times = (dim: Dim, factor: number) => (typeof dim === 'number' ? sizeOf(node, dim * factor) : null);
  const over = (dim: Dim, factor: number) => {
    if (typeof dim !== 'number') return null;
    if (dim % factor) throw misfit(node, `expected a multiple of ${factor}, got ${dim}`);
    return dim / factor;
  };
  const [wide, narrow] = down ? [times, over] : [over, times];
  const [n, c, h, w] = shape as [Dim, Dim, Dim, Dim];
  return [{ dtype, shape: [n, wide(c, b * b), narrow(h, b), narrow(w, b)] }];
}

/** Resampling and the operators of detection heads. */
export const resamplingShapes = {
  Resize: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: resized(call) }],
  Upsample: (call) => {
    const { dtype, shape } = requiredInput(call.node, 0);
    const scales = call.attributes.scales ?? call.contents(1);
    const fits = shape && scales?.length === shape.length;
    return [{ dtype, shape: fits ? shape.map((dim, i) => scaled(call, scales[i]!, dim)) : null }];
  },
  DepthToSpace: (call) => moved(call, call.attributes, false),
  SpaceToDepth: (call) => moved(call, call.attributes, true),
  RoiAlign: (call) => {
    const channels = shapeOf(call, 0, [4, 4])?.[1] ?? null;
    const regions = shapeOf(call, 1, [2, 2])?.[0] ?? null;
    const { output_height: height, output_width: width } = call.attributes;
    const shape = [regions, channels, sizeOf(call.node, height), sizeOf(call.node, width)];
    return [{ dtype: requiredInput(call.node, 0).dtype, shape }];
  },
  GridSample: (call) => {
    const shape = shapeOf(call, 0, [3, Number.POSITIVE_INFINITY]);
    const grid = shapeOf(call, 1, [3, Number.POSITIVE_INFINITY]);
    if (shape && grid) equalDims(call.node, 'dimensions of the grid', shape.length, grid.length);
    const dtype = requiredInput(call.node, 0).dtype;
    return [{ dtype, shape: shape && grid && [shape[0]!, shape[1]!, ...grid.slice(1, -1)] }];
  },
  NonMaxSuppression: () => [{ dtype: 'int64', shape: [null, 3] }],
} satisfies Partial<ShapeRules<OperatorName>>;
