import type { OperatorName } from '../../graph/operators/index.ts';
import { explicitWindow, extentOf, type Window, windowAxes } from '../../graph/window.ts';
import { zip } from '../../numeric/zip.ts';
import { allAxes, dims, refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';
import { atExtremes } from './reduction.ts';

/** Sizes along each axis. */
interface Sizes {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
}

/** The window with end padding that exactly fits the last position, as with ceil_mode. */
function withRoom(window: Window, { input, output, kernel }: Sizes): Window {
  const axes = zip(windowAxes(window), input, output, kernel);
  const ends = axes.map(([{ stride, dilation, padBegin, padEnd }, size, places, length]) => {
    const reach = (places - 1) * stride + extentOf(length, dilation);
    return Math.max(padEnd, reach - size - padBegin);
  });
  return { ...window, pads: [...window.pads.slice(0, kernel.length), ...ends] };
}

/** Pools. */
export const poolingGradients = {
  MaxPool: ({ inputs: { x }, outputs: [y], attributes }, [dy], g) => {
    const { kernel_shape: kernel = [] } = attributes;
    const [input, output] = [dims(x).slice(2), dims(y).slice(2)];
    const window = withRoom(explicitWindow(attributes, input, kernel), { input, output, kernel });
    return [g.MaxPoolGrad(dy, y, x, { kernel_shape: kernel, ...window })];
  },
  /** Refused for windows that ceil_mode extends beyond the padding, which engines average differently. */
  AveragePool: ({ node, inputs: { x }, outputs: [y], attributes }, [dy], g) => {
    const { kernel_shape: kernel = [] } = attributes;
    const [input, output] = [dims(x).slice(2), dims(y).slice(2)];
    const window = explicitWindow(attributes, input, kernel);
    if (withRoom(window, { input, output, kernel }).pads.some((pad, i) => pad !== window.pads[i]))
      throw refusal(node, 'has a gradient only if ceil_mode adds no window');
    if (window.dilations.some((step) => step !== 1))
      throw refusal(node, 'has a gradient only with dilations of 1');
    const { strides, pads } = window;
    const { count_include_pad } = attributes;
    return [g.AveragePoolGrad(dy, { kernel_shape: kernel, strides, pads, count_include_pad, size: dims(x) })];
  },
  LpPool: 'unsupported',
  GlobalAveragePool: ({ inputs: { x } }, [dy], g) => [
    g.AveragePoolGrad(dy, { kernel_shape: dims(x).slice(2), size: dims(x) }),
  ],
  GlobalMaxPool: ({ inputs: { x }, outputs: [y] }, [dy], g) => [
    atExtremes(g, { x, y, axes: g.int64s(allAxes(x).slice(2)) }, dy),
  ],
  GlobalLpPool: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
