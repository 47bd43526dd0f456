import type { Node, Value } from '../../../graph/graph.ts';
import { zip } from '../../../numeric/zip.ts';
import type { NativeOperand } from '../compile/operand.ts';
import { isFast } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, Primitive } from '../library/api.ts';
import type { ConvolutionSizes } from './convolution.ts';
import { copyPart, type TensorPart } from './joining.ts';

/** The gradient of the weight, and of the bias if it has a reader. */
interface WeightGradient {
  readonly node: Node;
  readonly x: Value;
  readonly dy: Value;
  readonly dw: Value;
  readonly dbias: Value | null;
}

/** Some columns of the kernel, and the part of the image under them. */
interface KernelColumns {
  readonly first: number;
  readonly width: number;
  /** The image under these columns at all positions, with padding: zeros where nothing is copied. */
  readonly image: Descriptor;
  readonly taken: TensorPart;
  readonly placed: TensorPart;
}

/**
 * oneDNN has optimised kernels for gradients of depthwise convolutions up to this width; wider ones take up to ten times as
 * long.
 */
const WIDEST = 3;

/**
 * Appends the gradient of a wide depthwise kernel in several passes, each for a few columns, as the gradient of a narrow
 * kernel without padding on a copy of the image. Returns false, without having appended anything, for other convolutions.
 */
export function wideDepthwiseGradient(
  scope: LoweringScope,
  convolution: ConvolutionSizes,
  gradient: WeightGradient,
): boolean {
  const { x, w, window } = convolution;
  const isDepthwise = convolution.group === x[1] && w[0] === x[1] && x.length === 4;
  if (!isDepthwise || w[3]! <= WIDEST || window.dilations.some((dilation) => dilation !== 1)) return false;
  const columns = columnsOf(scope, convolution);
  const primitives = columns.flatMap((part, i) => {
    return primitiveOf(scope, convolution, { part, hasBias: i === 0 && gradient.dbias !== null }) ?? [];
  });
  if (primitives.length < columns.length || !primitives.every(isFast)) return false;
  const [filters, , rows, width] = w;
  const whole = scope.plain([filters, 1, 1, rows!, width!]);
  const dw = scope.seen(scope.write(gradient.dw), whole);
  for (const [part, primitive] of zip(columns, primitives)) {
    const result = appendColumns(scope, gradient, { part, primitive });
    const target = scope.dnnl.part(whole, result.descriptor.dims, [0, 0, 0, 0, part.first])!;
    copyPart(scope, gradient.node, [result, { ...dw, descriptor: target }]);
  }
  return true;
}

function columnsOf(scope: LoweringScope, { x, w, y, window }: ConvolutionSizes): KernelColumns[] {
  const [images, channels] = x;
  const kernel = w.slice(2);
  const count = Math.ceil(kernel[1]! / WIDEST);
  let first = 0;
  return Array.from({ length: count }, (_, i) => {
    const width = Math.ceil((kernel[1]! - first) / (count - i));
    const axes = [
      { begin: -window.pads[0]!, length: (y[2]! - 1) * window.strides[0]! + kernel[0]! },
      { begin: first - window.pads[1]!, length: (y[3]! - 1) * window.strides[1]! + width },
    ];
    const ends = axes.map(({ begin, length }, axis) => Math.min(begin + length, x[axis + 2]!));
    const starts = axes.map(({ begin }) => Math.max(begin, 0));
    const dims = [images, channels, ...zip(starts, ends).map(([start, end]) => end - start)];
    const part: KernelColumns = {
      first,
      width,
      image: scope.activation([images, channels, ...axes.map(({ length }) => length)]),
      taken: { dims, offsets: [0, 0, ...starts] },
      placed: { dims, offsets: [0, 0, ...axes.map(({ begin }) => Math.max(-begin, 0))] },
    };
    first += width;
    return part;
  });
}

function primitiveOf(
  scope: LoweringScope,
  { y, w, window: { strides } }: ConvolutionSizes,
  { part, hasBias }: { readonly part: KernelColumns; readonly hasBias: boolean },
): Primitive | null {
  const [filters, , rows] = w;
  const weights = scope.any([filters, 1, 1, rows!, part.width]);
  const window = { strides, dilations: [1, 1], pads: [0, 0, 0, 0] };
  const [src, dst] = [part.image, scope.activation(y)];
  const hint = scope.dnnl.create({ kind: 'convolution', src, weights, dst, ...window });
  if (!hint) return null;
  const diffBias = hasBias ? { diffBias: scope.plain([filters]) } : {};
  return scope.dnnl.create({
    kind: 'convolutionBackwardWeights',
    src,
    diffWeights: weights,
    ...diffBias,
    diffDst: dst,
    hint,
    ...window,
  });
}

/** Appends the gradient of some columns, in oneDNN's layout. */
function appendColumns(
  scope: LoweringScope,
  { node, x, dy, dbias }: WeightGradient,
  { part, primitive }: { readonly part: KernelColumns; readonly primitive: Primitive },
): NativeOperand {
  const image = scope.scratch(`${x.name} under columns from ${part.first}`, part.image);
  scope.zeros(image);
  const whole = scope.activation(x.shape as number[]);
  const source = { ...scope.read(x, whole), descriptor: partOf(scope, whole, part.taken) };
  copyPart(scope, node, [source, { ...image, descriptor: partOf(scope, part.image, part.placed) }]);
  const result = scope.scratch(`columns from ${part.first}`, primitive.layout('diffWeights')!);
  scope.run(primitive, {
    src: image,
    diffDst: scope.read(dy, primitive.layout('diffDst')!),
    diffWeights: result,
    ...(part.first === 0 && dbias ? { diffBias: scope.write(dbias) } : {}),
  });
  return result;
}

/** A part of all channels, which starts and ends at blocks. */
const partOf = ({ dnnl }: LoweringScope, whole: Descriptor, { dims, offsets }: TensorPart): Descriptor =>
  dnnl.part(whole, dims, offsets)!;
