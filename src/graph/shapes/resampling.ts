import { zip } from '../../numeric/zip.ts';
import type { Dim, Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axesOf, equalDims, misfit, shapeOfLeastRank, shapeOfRank, sizeOf, unknownDims } from './dims.ts';
import type { Call, ShapeCall, ShapeRules } from './rule.ts';

/** Sizes of the axes after resizing by `scales` or to `sizes`, whichever is given. */
function resized(call: ShapeCall<'Resize'>): Shape | null {
  const { node, inputs, attributes } = call;
  const { shape } = inputs.x;
  if (!shape) return null;
  // Opset 10 has no input for the region of interest.
  const scales = call.opset < 11 ? inputs.roi : inputs.scales;
  const axes = attributes.axes ? axesOf(node, attributes.axes, shape.length) : shape.map((_, axis) => axis);
  const result = [...shape];
  const set = (list: readonly Dim[] | null, size: (entry: Dim, dim: Dim) => Dim) => {
    if (list && list.length !== axes.length) {
      throw misfit(node, `expected a scale or size for ${axes.length} axes, got ${list.length}`);
    }
    for (const [i, axis] of axes.entries()) {
      result[axis] = list ? size(list[i] ?? null, shape[axis] ?? null) : null;
    }
  };
  if (inputs.sizes)
    set(targetSizes(call, axes, shape), (size) => (typeof size === 'number' ? sizeOf(node, size) : size));
  else set(call.contents(scales), (scale, dim) => scaled(call, scale, dim));
  return result;
}

function scaled({ node }: Call, scale: Dim, dim: Dim): Dim {
  if (scale === 1) return dim;
  if (typeof scale !== 'number' || typeof dim !== 'number') return null;
  if (scale <= 0) throw misfit(node, `expected positive scales, got ${scale}`);
  return sizeOf(node, Math.floor(dim * scale));
}

/** The requested sizes, or sizes with the input's aspect ratio that fit within or around them. */
function targetSizes(
  call: ShapeCall<'Resize'>,
  axes: readonly number[],
  shape: Shape,
): readonly Dim[] | null {
  const sizes = call.contents(call.inputs.sizes);
  const policy = call.attributes.keep_aspect_ratio_policy;
  if (!sizes || policy === 'stretch') return sizes;
  const ratios = axes.map((axis, i) => Number(sizes[i] ?? Number.NaN) / Number(shape[axis] ?? Number.NaN));
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map((axis) => (Number.isFinite(ratio) ? Math.floor(Number(shape[axis]) * ratio + 0.5) : null));
}

/** [N, C, H, W] → [N, C·b⁻², H·b, W·b], or the inverse if `down`. */
function moved({ node, inputs, attributes }: ShapeCall<'DepthToSpace' | 'SpaceToDepth'>, down: boolean) {
  const { dtype } = inputs.x;
  const shape = shapeOfRank(node, inputs.x, 4);
  if (!shape) return [{ dtype, shape: unknownDims(4) }];
  const b = attributes.blocksize ?? 0;
  if (b < 1) throw misfit(node, `expected a blocksize of at least 1, got ${b}`);
  const times = (dim: Dim, factor: number) => (typeof dim === 'number' ? sizeOf(node, dim * factor) : null);
  const over = (dim: Dim, factor: number) => {
    if (typeof dim !== 'number') return null;
    if (dim % factor) throw misfit(node, `expected a multiple of ${factor}, got ${dim}`);
    return dim / factor;
  };
  const [wide, narrow] = down ? [times, over] : [over, times];
  const [n, c, h, w] = shape;
  return [{ dtype, shape: [n, wide(c, b * b), narrow(h, b), narrow(w, b)] }];
}

/** Resampling, and operators of detection heads. */
export const resamplingShapes = {
  Resize: (call) => [{ dtype: call.inputs.x.dtype, shape: resized(call) }],
  Upsample: (call) => {
    const { dtype, shape } = call.inputs.x;
    const scales = call.attributes.scales ?? call.contents(call.inputs.scales);
    const fits = shape && scales?.length === shape.length;
    return [
      { dtype, shape: fits ? zip(scales, shape).map(([scale, dim]) => scaled(call, scale, dim)) : null },
    ];
  },
  DepthToSpace: (call) => moved(call, false),
  SpaceToDepth: (call) => moved(call, true),
  RoiAlign: (call) => {
    const { x, rois } = call.inputs;
    const channels = shapeOfRank(call.node, x, 4)?.[1] ?? null;
    const regions = shapeOfRank(call.node, rois, 2)?.[0] ?? null;
    const { output_height: height, output_width: width } = call.attributes;
    const shape = [regions, channels, sizeOf(call.node, height), sizeOf(call.node, width)];
    return [{ dtype: x.dtype, shape }];
  },
  GridSample: ({ node, inputs }) => {
    const shape = shapeOfLeastRank(node, inputs.x, 3);
    const grid = shapeOfLeastRank(node, inputs.grid, 3);
    if (shape && grid) equalDims(node, 'dimensions of the grid', shape.length, grid.length);
    return [{ dtype: inputs.x.dtype, shape: shape && grid && [shape[0], shape[1], ...grid.slice(1, -1)] }];
  },
  NonMaxSuppression: () => [{ dtype: 'int64', shape: [null, 3] }],
} satisfies Partial<ShapeRules<OperatorName>>;
