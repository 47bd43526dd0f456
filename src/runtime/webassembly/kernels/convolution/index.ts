import { staticShape } from '../../../../graph/graph.ts';
import { extentOf } from '../../../../graph/window.ts';
import type { Scope } from '../../scope.ts';
import type { Border, Plane } from '../../storage.ts';
import type { KernelRow } from '../kernel.ts';
import { carriedChannels, leavesChannel } from './carried.ts';
import { depthwiseConvolution } from './depthwise.ts';
import { directConvolution, isDirect, type PlacedConvolution } from './direct.ts';
import { type ConvolutionShape, readConvolution, refuseConvolution } from './read.ts';
import { smallConvolution } from './small.ts';

/** y = x ⋆ w + b. */
export const convolutionRow: KernelRow = {
  refuse: refuseConvolution,
  border: (node) => borderOf(readConvolution(node)),
  shares: (node) => {
    const conv = readConvolution(node);
    return carriedChannels(conv).size > 0 ? [conv.x, conv.y] : [];
  },
  fusible: { channelAxis: 1, takesResidual: true },
  lower({ node, fusion, scope }) {
    const conv = readConvolution(node);
    const residual = fusion.residual && scope.planes(fusion.residual);
    const x = scope.planes(conv.x);
    const carried = carriedPlanes({ conv, x, fusion }, scope);
    const y = scope.newPlanes(fusion.output, carried.planes);
    const placed: PlacedConvolution = { conv, x, y, residual, fusion, carried: carried.filters };
    if (carried.filters.size === conv.filters) return;
    if (!isDirect(placed)) scope.step(smallConvolution(placed, scope));
    else if (conv.channels === 1 && conv.group > 1) scope.step(depthwiseConvolution(placed, scope));
    else scope.step(directConvolution(placed, scope));
  },
};

/** Pass-through filters whose channel the fused operators leave unchanged: their results are planes of the input. */
function carriedPlanes(
  { conv, x, fusion }: Pick<PlacedConvolution, 'conv' | 'x' | 'fusion'>,
  scope: Scope,
): { readonly filters: ReadonlySet<number>; readonly planes: ReadonlyMap<number, Plane> } {
  const isNonNegative = scope.isNonNegative(conv.x);
  const carried = [...carriedChannels(conv)].filter(([m]) => leavesChannel(fusion, m, isNonNegative));
  const images = x.planes.length / (conv.group * conv.channels);
  const planes = new Map<number, Plane>();
  for (let image = 0; image < images; image++) {
    for (const [m, c] of carried) {
      const plane = x.planes[image * conv.group * conv.channels + c];
      if (plane) planes.set(image * conv.filters + m, plane);
    }
  }
  return { filters: new Set(carried.map(([m]) => m)), planes };
}

/** The border that a window reads outside its input; none if it reads only inside. */
export function borderOf({ x, y, kernel, strides, dilations, pads }: ConvolutionShape): Border | null {
  const [height = 1, width = 1] = staticShape(x).slice(2);
  const [rows = 1, columns = 1] = staticShape(y).slice(2);
  if (columns < 4) return null;
  const beyond = (axis: 0 | 1, places: number, size: number) =>
    Math.max(0, (places - 1) * strides[axis] + extentOf(kernel[axis], dilations[axis]) - pads[axis] - size);
  return { top: pads[0], left: pads[1], bottom: beyond(0, rows, height), right: beyond(1, columns, width) };
}
