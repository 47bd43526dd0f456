import { makeValue, type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { byteWidth, elementCount } from '../../../numeric/tensor.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor } from '../library/api.ts';
import { broadcast } from './binary.ts';
import { isBlocked } from './joining.ts';
import type { Kernels } from './kernel.ts';

/**
 * Normalisations by statistics of each image: batch normalisation of one image whose channels are the rows that share mean and
 * variance; then scale and bias.
 */
export const rowNormalizationKernels = {
  LayerNormalization({ node, inputs: { x, scale, bias }, outputs, attributes }, scope) {
    const [y, ...statistics] = node.outputs;
    const shape = staticShape(x);
    const axis = attributes.axis < 0 ? attributes.axis + shape.length : attributes.axis;
    if (!y || statistics.some(Boolean) || outputs.length === 0) return false;
    const rows = elementCount(shape.slice(0, axis));
    const layouts = rowMajor(scope, shape, rows);
    normalize({ node, x, y, scale, bias: bias ?? null, epsilon: attributes.epsilon }, scope, layouts);
    return true;
  },
  InstanceNormalization({ node, inputs: { x, scale, bias }, outputs: [y], attributes }, scope) {
    const shape = staticShape(x, 2);
    const [images, channels, ...places] = shape;
    const layouts = isBlocked(scope, x) ? inBlocks(scope, shape) : rowMajor(scope, shape, images * channels);
    const [a, b] = [scale, bias].map((value) => perChannel(scope, value, places.length)) as [Value, Value];
    normalize({ node, x, y, scale: a, bias: b, epsilon: attributes.epsilon }, scope, layouts);
    return true;
  },
  GroupNormalization({ node, inputs: { x, scale, bias }, outputs: [y], attributes }, scope) {
    const shape = staticShape(x, 2);
    const [images, channels, ...places] = shape;
    const { num_groups: groups = 1, epsilon } = attributes;
    // Before opset 21, scales are per group.
    if (staticShape(scale)[0] !== channels) return false;
    const layouts = rowMajor(scope, shape, images * groups);
    const [a, b] = [scale, bias].map((value) => perChannel(scope, value, places.length)) as [Value, Value];
    normalize({ node, x, y, scale: a, bias: b, epsilon }, scope, layouts);
    return true;
  },
} satisfies Kernels;

/** The layout of x, and the one in which the primitive reads it: rows as channels with two spatial axes, for which oneDNN has compiled kernels. */
interface RowLayouts {
  readonly data: Descriptor;
  readonly seen: Descriptor;
}

function rowMajor(scope: LoweringScope, shape: readonly number[], rows: number): RowLayouts {
  return { data: scope.plain(shape), seen: scope.plain([1, rows, elementCount(shape) / rows, 1]) };
}

/** One row per channel of each image, including channels that pad a block. */
function inBlocks(scope: LoweringScope, shape: readonly number[]): RowLayouts {
  const data = scope.activation(shape);
  const places = elementCount(shape.slice(2));
  return { data, seen: scope.activation([1, data.bytes / byteWidth('float32') / places, places, 1]) };
}

/** Reads [C] as [C, 1, …]. */
function perChannel(scope: LoweringScope, value: Value, axes: number): Value {
  const shape = [...staticShape(value), ...new Array<number>(axes).fill(1)];
  const seen = makeValue(`${value.name} a channel`, 'float32', shape);
  scope.alias(seen, scope.readPlain(value));
  return seen;
}

interface RowNormalization {
  readonly node: Node;
  readonly x: Value;
  readonly y: Value;
  readonly scale: Value;
  readonly bias: Value | null;
  readonly epsilon: number;
}

/** Appends y = scale·x̂ + bias, where x has the layout `data`, and its rows are the channels of `seen`. */
function normalize(
  { node, x, y, scale, bias, epsilon }: RowNormalization,
  scope: LoweringScope,
  { data, seen }: RowLayouts,
): void {
  const rows = seen.dims[1]!;
  const operation = { kind: 'batchNormalization', data: seen, epsilon, relu: false } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  const [normalized, scaled] = ['normalised', 'scaled'].map((what) =>
    makeValue(`${y.name} ${what}`, 'float32', y.shape),
  ) as [Value, Value];
  scope.run(primitive, {
    src: scope.seen(scope.read(x, data), seen),
    scale: scope.constant(rows, 1),
    shift: scope.constant(rows, 0),
    dst: scope.seen(scope.write(normalized, data), seen),
    mean: scope.scratch(`${y.name} mean`, scope.plain([rows])),
    variance: scope.scratch(`${y.name} variance`, scope.plain([rows])),
  });
  broadcast({ node, algorithm: 'mul', left: normalized, right: scale, y: bias ? scaled : y }, scope);
  if (bias) broadcast({ node, algorithm: 'add', left: scaled, right: bias, y }, scope);
}
