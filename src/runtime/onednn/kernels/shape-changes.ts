import {
  makeConstant,
  makeValue,
  type Node,
  nodeLabel,
  staticShape,
  type Value,
} from '../../../graph/graph.ts';
import { elementCount, floats, type TypedArray, toNumbers } from '../../../numeric/tensor.ts';
import { copyElements } from '../../../numeric/typed-arrays.ts';
import { zip } from '../../../numeric/zip.ts';
import type { LoweringScope } from '../compile/scope.ts';
import { broadcast } from './binary.ts';
import { convolve } from './convolution.ts';
import { copyPart, isBlocked, partition, type TensorPart } from './joining.ts';
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
    compute: ([from], [to]) => copyElements(to, from),
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
  /** One number everywhere, or the same number along the last axes. */
  Expand({ node, inputs: { x }, outputs: [y] }, scope) {
    const [from, to] = [staticShape(x), staticShape(y)];
    if (x.dtype !== 'float32' || to.includes(0)) return false;
    if (elementCount(from) === 1) {
      const target = scope.write(y);
      const compute = fillWith;
      scope.host({ label: 'Expand', reads: [scope.readPlain(x)], writes: [target], compute });
      return true;
    }
    const leading = from.findIndex((size, axis) => size !== to[axis]);
    const isBehind = from.length === to.length && from.every((size, axis) => axis < leading || size === 1);
    if (leading < 1 || !isBehind) return false;
    const zeros = makeValue(`${y.name} zeros`, 'float32', to);
    scope.zeros(scope.write(zeros, isBlocked(scope, x) ? scope.activation(to) : scope.plain(to)));
    return broadcast({ node, algorithm: 'add', left: zeros, right: x, y }, scope);
  },
  Transpose({ node, inputs: { x }, outputs: [y], attributes }, scope) {
    const shape = staticShape(x);
    const perm = attributes.perm ?? shape.map((_, axis) => shape.length - 1 - axis);
    return permute({ node, x, y }, scope, { split: shape, perm });
  },
  /** Channels are [b, b, C/b²] (DCR) or [C/b², b, b] (CRD). */
  DepthToSpace({ node, inputs: { x }, outputs: [y], attributes: { blocksize = 1, mode } }, scope) {
    const [images, channels, ...size] = staticShape(x, 2);
    const [b, kept] = [blocksize, channels / blocksize ** 2];
    return mode === 'CRD'
      ? permute({ node, x, y }, scope, { split: [images, kept, b, b, ...size], perm: [0, 1, 4, 2, 5, 3] })
      : permute({ node, x, y }, scope, { split: [images, b, b, kept, ...size], perm: [0, 3, 4, 1, 5, 2] });
  },
  SpaceToDepth({ node, inputs: { x }, outputs: [y], attributes: { blocksize: b = 1 } }, scope) {
    const [images, channels, height, width] = staticShape(x, 4);
    const split = [images, channels, height / b, b, width / b, b];
    return permute({ node, x, y }, scope, { split, perm: [0, 3, 5, 1, 2, 4] });
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

const fillWith = ([from]: readonly [TypedArray], [to]: readonly [TypedArray]): void =>
  void (to as Float32Array).fill(Number(from[0]));

/** Appends a copy of x, in the shape `split`, in another order of axes. */
function permute(
  { node, x, y }: Moved,
  scope: LoweringScope,
  { split, perm }: { readonly split: readonly number[]; readonly perm: readonly number[] },
): boolean {
  if (x.dtype !== 'float32' || split.includes(0)) return false;
  const result = perm.map((axis) => split[axis]!);
  // Describes x by its own strides, with the axes in the order of y.
  const inOrderOfX = scope.permuted(
    result,
    perm.map((_, axis) => perm.indexOf(axis)),
  );
  const target = scope.seen(scope.write(y), scope.plain(result));
  copyPart(scope, node, [scope.seen(scope.readPlain(x), inOrderOfX), target]);
  return true;
}

interface Moved {
  readonly node: Node;
  readonly x: Value;
  readonly y: Value;
}

/** Padding with channels of zeros is a 1×1 convolution that copies, which preserves blocks of channels. */
function padChannels({ node, x, y: padded }: Moved, scope: LoweringScope, before: number): boolean {
  const [shape, y] = [staticShape(x, 2), staticShape(padded, 2)];
  const size = [y[1], shape[1], 1, 1] as const;
  const copies = floats(size, oneHot(y[1], shape[1], before));
  const window = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const where = nodeLabel(node);
  const convolution = { x: shape, w: size, y, group: 1, window, hasBias: false, where };
  return convolve(scope, convolution, [x, makeConstant(`${padded.name} copies`, copies), padded, null]);
}

/** Zeros, then a copy of x among them; negative pads cut x. */
function padWithZeros({ node, x, y }: Moved, scope: LoweringScope, pads: readonly number[]): true {
  const [from, to] = [staticShape(x), staticShape(y)];
  const begins = pads.slice(0, from.length);
  const dims = zip(from, begins, pads.slice(from.length)).map(
    ([size, begin, end]) => size + Math.min(begin, 0) + Math.min(end, 0),
  );
  const taken: TensorPart = { dims, offsets: begins.map((begin) => Math.max(-begin, 0)) };
  const placed: TensorPart = { dims, offsets: begins.map((begin) => Math.max(begin, 0)) };
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
