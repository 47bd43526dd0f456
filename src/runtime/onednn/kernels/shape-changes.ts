import { makeConstant, nodeLabel, staticShape } from '../../../graph/graph.ts';
import type { InputsOf } from '../../../graph/operators/index.ts';
import { floats, toNumbers } from '../../../numeric/tensor.ts';
import { copyInto } from '../../../numeric/typed-arrays.ts';
import { zip } from '../../../numeric/zip.ts';
import { convolve } from './convolution.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { pool } from './pooling.ts';

type Reshaping = 'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze' | 'Identity';

/** The same row-major bytes with another shape. State is copied, because an update may overwrite it before it is read. */
const sameBytes: Kernel<Reshaping> = ({ inputs: { x }, outputs: [y] }, scope) => {
  const source = scope.readPlain(x);
  if (!source.buffer.persistent || (x.tensor && !scope.isOutput(y))) {
    scope.alias(y, source);
    return true;
  }
  const target = scope.write(y);
  scope.host({
    label: 'copy',
    reads: [source],
    writes: [target],
    compute: ([from], [to]) => copyInto(to, from),
  });
  return true;
};

/** Operators that move elements without changing them. */
export const shapeChangeKernels = {
  Reshape: sameBytes,
  Flatten: sameBytes,
  Squeeze: sameBytes,
  Unsqueeze: sameBytes,
  Identity: sameBytes,
  Constant: () => true,
  /** A Slice of every n-th pixel is a pool with windows of one element. */
  Slice({ node, inputs, outputs: [y] }, scope) {
    const { x } = inputs;
    const steps = spatialSteps(inputs);
    if (!steps || x.dtype !== 'float32') return false;
    const kernel = steps.map(() => 1);
    const window = { strides: steps, dilations: kernel, pads: [...kernel, ...kernel].map(() => 0) };
    return pool({ node, algorithm: 'average', kernel, window }, scope, [x, y]);
  },
  /** Padding with channels of zeros is a 1×1 convolution that copies, which preserves blocks of channels. */
  Pad({ node, inputs, outputs: [padded], attributes }, scope) {
    const { x, pads, value: fill, axes } = inputs;
    const given = pads?.tensor && toNumbers(pads.tensor);
    const isZero = !fill || (fill.tensor !== null && Number(fill.tensor.data[0]) === 0);
    if (!given || axes || !isZero || attributes.mode !== 'constant' || x.shape?.length !== 4) return false;
    if (given.some((pad, i) => pad !== 0 && i % 4 !== 1) || x.dtype !== 'float32') return false;
    const [, before = 0] = given;
    const [shape, y] = [staticShape(x, 2), staticShape(padded, 2)];
    const size = [y[1], shape[1], 1, 1] as const;
    const copies = floats(size, oneHot(y[1], shape[1], before));
    const window = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
    const convolution = {
      x: shape,
      w: size,
      y,
      group: 1,
      window,
      hasBias: false,
      where: nodeLabel(node),
    };
    return convolve(scope, convolution, [x, makeConstant(`${padded.name} copies`, copies), padded, null]);
  },
} satisfies Kernels;

/** Weights whose row m copies channel m − before. */
function oneHot(filters: number, channels: number, before: number): Float32Array {
  const weights = new Float32Array(filters * channels);
  for (let c = 0; c < channels; c++)
    if (c + before >= 0 && c + before < filters) weights[(c + before) * channels + c] = 1;
  return weights;
}

/** The steps of a Slice that takes every n-th element from the first on along spatial axes; null for other Slices. */
function spatialSteps({
  x,
  starts,
  ends,
  axes: axesInput,
  steps: stepsInput,
}: InputsOf<'Slice'>): number[] | null {
  const shape = staticShape(x);
  if (shape.length < 3 || shape.length > 5 || !starts?.tensor || !ends?.tensor) return null;
  if ((axesInput && !axesInput.tensor) || !stepsInput?.tensor) return null;
  const first = toNumbers(starts.tensor);
  const axes = axesInput?.tensor ? toNumbers(axesInput.tensor) : [...first.keys()];
  const steps = new Array<number>(shape.length).fill(1);
  for (const [given, start, end, step] of zip(
    axes,
    first,
    toNumbers(ends.tensor),
    toNumbers(stepsInput.tensor),
  )) {
    const axis = given < 0 ? given + shape.length : given;
    const reachesEnd = end >= (shape[axis] ?? Number.POSITIVE_INFINITY);
    if (start !== 0 || !reachesEnd || step < 1) return null;
    steps[axis] = step;
  }
  return steps[0] === 1 && steps[1] === 1 ? steps.slice(2) : null;
}
