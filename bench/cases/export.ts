import {
  type Attribute,
  emptyGraph,
  type Graph,
  makeConstant,
  makeValue,
  type Value,
} from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { floats, int64s, makeTensor } from '../../src/numeric/tensor.ts';

/** How a network is exported. */
export interface Variant {
  readonly opset: number;
  readonly batch: 'fixed' | 'free';
  readonly layout: 'NCHW' | 'NHWC';
  readonly sizes: 'fixed' | 'free';
}

/** Height and width of the image; of a text line, which is low. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  /** Which of the two a file of free sizes leaves open. */
  readonly free: 'both' | 'width';
}

export interface ConvOptions {
  readonly from: number;
  readonly to: number;
  readonly kernel?: readonly [number, number];
  readonly stride?: number;
  readonly group?: number;
  readonly pad?: number;
  /** Half of the filters, those of odd index, are zero: removing them changes nothing. */
  readonly dead?: boolean;
}

/** An attribute as a file has it: whole numbers, lists of them, text. */
type Given =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/**
 * A graph as exporters write it: raw nodes in the forms of one opset, no shapes between input and output. It knows nothing of the
 * library's table of operators, so that what it writes is no mirror of what is read.
 */
export interface Export {
  readonly graph: Graph;
  readonly variant: Variant;
  readonly image: Value;
  node(op: string, inputs: readonly (Value | null)[], attributes?: Readonly<Record<string, Given>>): Value;
  nodes(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Given>>,
    count: number,
  ): Value[];
  ints(values: readonly number[]): Value;
  /** int64 values that no double holds. */
  longs(values: readonly bigint[]): Value;
  weights(shape: readonly number[], spread: number): Value;
  constants(shape: readonly number[], values: ArrayLike<number>): Value;
  /** Weights [to, from/group, kH, kW] and a bias. */
  filters(options: ConvOptions): readonly [Value, Value];
  conv(x: Value, options: ConvOptions, filters?: readonly [Value, Value]): Value;
  output(value: Value, name: string): void;
}

const attributeOf = (given: Given): Attribute => {
  if (typeof given === 'number') return { kind: 'int', value: given };
  if (typeof given === 'string') return { kind: 'string', value: given };
  if ('float' in given) return { kind: 'float', value: given.float };
  if ('floats' in given) return { kind: 'floats', value: given.floats };
  return { kind: 'ints', value: given };
};

/** Begins a network: its image input, and a Transpose where channels come last. */
export function openExport(variant: Variant, size: ImageSize): Export {
  const graph = emptyGraph('network', variant.opset);
  const source = random(11);
  let names = 0;
  const nodes: Export['nodes'] = (op, inputs, attributes, count) => {
    const name = `${op.toLowerCase()}${names++}`;
    const outputs = Array.from({ length: count }, (_, i) => makeValue(count === 1 ? name : `${name}.${i}`));
    const given = Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)] as const);
    graph.nodes.push({
      op,
      domain: '',
      name,
      inputs: [...inputs],
      outputs,
      attributes: Object.fromEntries(given),
    });
    return outputs;
  };
  const node: Export['node'] = (op, inputs, attributes = {}) => nodes(op, inputs, attributes, 1)[0]!;
  const stored = (tensor: Parameters<typeof makeConstant>[1]) => {
    const value = makeConstant(`constant${names++}`, tensor);
    graph.initializers.push(value);
    return value;
  };
  const constants: Export['constants'] = (shape, values) => stored(floats(shape, values));
  const weights: Export['weights'] = (shape, spread) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    return constants(
      shape,
      Float32Array.from({ length: count }, () => spread * source.normal()),
    );
  };
  const filters: Export['filters'] = ({ from, to, kernel = [3, 3], group = 1, dead = true }) => {
    const size = (from / group) * kernel[0] * kernel[1];
    const weight = weights([to, from / group, ...kernel], Math.sqrt(2 / size));
    const bias = weights([to], 0.1);
    if (dead) {
      for (let filter = 1; filter < to; filter += 2) {
        (weight.tensor!.data as Float32Array).fill(0, filter * size, (filter + 1) * size);
        (bias.tensor!.data as Float32Array)[filter] = 0;
      }
    }
    return [weight, bias];
  };
  const conv: Export['conv'] = (x, options, shared) => {
    const { kernel = [3, 3], stride = 1, group = 1, pad = (kernel[0] - 1) / 2 } = options;
    return node('Conv', [x, ...(shared ?? filters(options))], {
      kernel_shape: [...kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group,
      dilations: [1, 1],
    });
  };
  const output: Export['output'] = (value, name) => {
    value.name = name;
    value.dtype ??= 'float32';
    graph.outputs.push(value);
  };
  const longs: Export['longs'] = (values) =>
    stored(makeTensor('int64', [values.length], BigInt64Array.from(values)));
  const ints: Export['ints'] = (values) => stored(int64s(values));
  const image = imageInput(graph, variant, size);
  const first = variant.layout === 'NCHW' ? image : node('Transpose', [image], { perm: [0, 3, 1, 2] });
  return {
    graph,
    variant,
    image: first,
    node,
    nodes,
    ints,
    longs,
    weights,
    constants,
    filters,
    conv,
    output,
  };
}

function imageInput(
  graph: Graph,
  { batch, layout, sizes }: Variant,
  { height, width, free }: ImageSize,
): Value {
  const rows = sizes === 'free' && free === 'both' ? 'height' : height;
  const columns = sizes === 'free' ? 'width' : width;
  const images = batch === 'free' ? 'batch' : 1;
  const shape = layout === 'NCHW' ? [images, 3, rows, columns] : [images, rows, columns, 3];
  const value = makeValue('image', 'float32', shape);
  graph.inputs.push(value);
  return value;
}
