import { makeConstant, type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { elementCount, floats, toNumbers } from '../../../numeric/tensor.ts';
import { copyInto } from '../../../numeric/typed-arrays.ts';
import { zip } from '../../../numeric/zip.ts';
import type { LoweringScope } from '../compile/scope.ts';
import { convolve } from './convolution.ts';
import { type Box, copyPart, isBlocked, partition } from './joining.ts';
import type { Kernel, Kernels } from './kernel.ts';

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
  /** One number everywhere. */
  Expand({ inputs: { x }, outputs: [y] }, scope) {
    if (elementCount(staticShape(x)) !== 1 || x.dtype !== 'float32') return false;
    scope.host({
      label: 'Expand',
      reads: [scope.readPlain(x)],
      writes: [scope.write(y)],
      compute: ([from], [to]) => void (to as Float32Array).fill(Number(from[0])),
    });
    return true;
  },
  /** A copy in another order of axes. */
  Transpose({ node, inputs: { x }, outputs: [y], attributes }, scope) {
    const shape = staticShape(x);
    if (x.dtype !== 'float32' || shape.includes(0)) return false;
    const perm = attributes.perm ?? shape.map((_, axis) => shape.length - 1 - axis);
    // The elements of y where they are in x: y's strides are x's, in y's order of axes.
    const inOrderOfX = scope.permuted(
      staticShape(y),
      perm.map((_, axis) => perm.indexOf(axis)),
    );
    copyPart(scope, node, [scope.seen(scope.readPlain(x), inOrderOfX), scope.write(y)]);
    return true;
  },
  /** Zeros around a copy of what the pads leave. */
  Pad({ node, inputs, outputs: [y], attributes }, scope) {
    const { x, pads, value: fill, axes } = inputs;
    const given = pads?.tensor && toNumbers(pads.tensor);
    const isZero = !fill || (fill.tensor !== null && Number(fill.tensor.data[0]) === 0);
    if (!given || axes || !isZero || attributes.mode !== 'constant' || x.dtype !== 'float32') return false;
    if ([...staticShape(x), ...staticShape(y)].includes(0)) return false;
    const isOfChannels = x.shape?.length === 4 && given.every((pad, i) => pad === 0 || i % 4 === 1);
    return isOfChannels
      ? padChannels({ node, x, y }, scope, given[1]!)
      : padWithZeros({ node, x, y }, scope, given);
  },
} satisfies Kernels;

/** Weights whose row m copies channel m − before. */
function oneHot(filters: number, channels: number, before: number): Float32Array {
  const weights = new Float32Array(filters * channels);
  for (let c = 0; c < channels; c++)
    if (c + before >= 0 && c + before < filters) weights[(c + before) * channels + c] = 1;
  return weights;
}

interface Padding {
  readonly node: Node;
  readonly x: Value;
  readonly y: Value;
}

/** Padding with channels of zeros is a 1×1 convolution that copies, which preserves blocks of channels. */
function padChannels({ node, x, y: padded }: Padding, scope: LoweringScope, before: number): boolean {
  const [shape, y] = [staticShape(x, 2), staticShape(padded, 2)];
  const size = [y[1], shape[1], 1, 1] as const;
  const copies = floats(size, oneHot(y[1], shape[1], before));
  const window = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const where = nodeLabel(node);
  const convolution = { x: shape, w: size, y, group: 1, window, hasBias: false, where };
  return convolve(scope, convolution, [x, makeConstant(`${padded.name} copies`, copies), padded, null]);
}

/** Zeros, then a copy of x among them; negative pads cut x. */
function padWithZeros({ node, x, y }: Padding, scope: LoweringScope, pads: readonly number[]): true {
  const [from, to] = [staticShape(x), staticShape(y)];
  const begins = pads.slice(0, from.length);
  const dims = zip(from, begins, pads.slice(from.length)).map(
    ([size, begin, end]) => size + Math.min(begin, 0) + Math.min(end, 0),
  );
  const taken: Box = { dims, offsets: begins.map((begin) => Math.max(-begin, 0)) };
  const placed: Box = { dims, offsets: begins.map((begin) => Math.max(begin, 0)) };
  const inBlocks = isBlocked(scope, x);
  const source = partition(scope, from, { boxes: [taken], inBlocks });
  const target = partition(scope, to, { boxes: [placed], inBlocks });
  const read = scope.read(x, source.whole);
  const written = scope.write(y, target.whole);
  scope.zeros(written);
  copyPart(scope, node, [
    { ...read, descriptor: source.parts[0]! },
    { ...written, descriptor: target.parts[0]! },
  ]);
  return true;
}
