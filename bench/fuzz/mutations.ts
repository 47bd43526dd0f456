import { clone, create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Random } from '../../src/numeric/random.ts';
import { plantBomb } from './bombs.ts';

/** A file with one or two mutations of its structure; the numbers decide which. */
export function mutatedFile(model: ModelProto, r: Random): Uint8Array {
  const copy = clone(ModelProtoSchema, model);
  const count = 1 + r.integer(2);
  const kinds = Object.values(mutations);
  for (let i = 0; i < count; i++) kinds[r.integer(kinds.length)]!(copy.graph!, r, copy);
  const bytes = toBinary(ModelProtoSchema, copy);
  return r.integer(12) === 0 ? damaged(bytes, r) : bytes;
}

/** Flipped bits, or an end that is missing. */
function damaged(bytes: Uint8Array, r: Random): Uint8Array {
  if (r.integer(3) === 0) return bytes.subarray(0, r.integer(bytes.length));
  const copy = Uint8Array.from(bytes);
  for (let i = 0; i <= r.integer(3); i++) {
    const at = r.integer(copy.length);
    copy[at] = copy[at]! ^ (1 << r.integer(8));
  }
  return copy;
}

const some = <T>(list: readonly T[], r: Random): T | undefined => list[r.integer(Math.max(1, list.length))];

const dimensions = [0n, 1n, 2n, 3n, 5n, 17n, -1n, 1000n, 10n ** 9n, 2n ** 31n, 2n ** 40n, 2n ** 62n] as const;
const integers = [0n, 1n, -1n, 2n, 3n, 7n, 100n, 10n ** 9n, -(2n ** 63n), 2n ** 63n - 1n] as const;
const numbers = [0, 1, -1, 1e-30, 1e30, Number.NaN, Number.POSITIVE_INFINITY, 0.5];
const strings = [
  '',
  'SAME_UPPER',
  'linear',
  'cubic',
  'reflect',
  'floor',
  'ij,jk->ik',
  '\u001b[31mred',
  '\u202egnp',
  '<b>x</b>',
];
const operators = [
  ...[
    'Relu',
    'Conv',
    'ConvTranspose',
    'Add',
    'Mul',
    'Concat',
    'Reshape',
    'Transpose',
    'MatMul',
    'Gemm',
    'Pad',
    'Slice',
    'Split',
  ],
  ...[
    'Resize',
    'Upsample',
    'Softmax',
    'ReduceMean',
    'ReduceSum',
    'GlobalAveragePool',
    'MaxPool',
    'AveragePool',
    'Expand',
    'Tile',
  ],
  ...[
    'Gather',
    'Shape',
    'Cast',
    'Identity',
    'Dropout',
    'BatchNormalization',
    'InstanceNormalization',
    'LayerNormalization',
  ],
  ...[
    'DepthToSpace',
    'SpaceToDepth',
    'LSTM',
    'GRU',
    'Loop',
    'If',
    'TopK',
    'NonMaxSuppression',
    'Einsum',
    'QuantizeLinear',
  ],
  ...[
    'DequantizeLinear',
    'PRelu',
    'Clip',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Where',
    'ConstantOfShape',
    'Range',
    'NotAnOperator',
  ],
];

/** Where shapes are declared: inputs, outputs, values between. */
const declared = ({ input, output, valueInfo }: GraphProto) => [...input, ...output, ...valueInfo];

function tensorDims(tensor: TensorProto, r: Random): void {
  const choice = tensor.dims.length === 0 ? 0 : r.integer(6);
  if (choice === 0) tensor.dims.push(some(dimensions, r)!);
  else if (choice === 1) tensor.dims.pop();
  else tensor.dims[r.integer(tensor.dims.length)] = some(dimensions, r)!;
}

function rawNumbers(tensor: TensorProto, r: Random): void {
  const bytes = Uint8Array.from(tensor.rawData);
  const view = new DataView(bytes.buffer);
  if (bytes.length >= 8 && tensor.dataType === 7) {
    view.setBigInt64(8 * r.integer(bytes.length / 8), some([...integers, ...dimensions], r)!, true);
  } else if (bytes.length >= 4) {
    view.setFloat32(4 * r.integer(Math.floor(bytes.length / 4)), some(numbers, r)!, true);
  }
  tensor.rawData = bytes;
}

function attributes(node: NodeProto, r: Random): void {
  const attribute = some(node.attribute, r);
  if (!attribute || r.integer(8) === 0) {
    const name = some(
      [
        'axis',
        'axes',
        'group',
        'kernel_shape',
        'pads',
        'strides',
        'perm',
        'mode',
        'to',
        'auto_pad',
        'dilations',
      ],
      r,
    )!;
    const made = create(AttributeProtoSchema, { name, type: 2, i: some(integers, r)! });
    node.attribute.push(made);
    return;
  }
  switch (r.integer(6)) {
    case 0:
      node.attribute = node.attribute.filter((other) => other !== attribute);
      return;
    case 1:
      attribute.type = some([1, 2, 3, 6, 7, 8], r)!;
      return;
    case 2:
      attribute.name = some(['axis', 'pads', 'x', ''], r)!;
      return;
    default:
      attribute.i = some(integers, r)!;
      attribute.f = some(numbers, r)!;
      attribute.s = new TextEncoder().encode(some(strings, r));
      if (attribute.ints.length > 0) attribute.ints[r.integer(attribute.ints.length)] = some(integers, r)!;
      if (r.integer(3) === 0) attribute.ints.pop();
  }
}

/** Names of all values that a graph knows. */
const valueNames = (graph: GraphProto) => [
  ...graph.input.map(({ name }) => name),
  ...graph.initializer.map(({ name }) => name),
  ...graph.node.flatMap(({ output }) => output),
];

type Mutation = (graph: GraphProto, r: Random, model: ModelProto) => void;

const mutations: Readonly<Record<string, Mutation>> = {
  initializerDims: (graph, r) => withSome(graph.initializer, r, (tensor) => tensorDims(tensor, r)),
  initializerNumbers: (graph, r) => withSome(graph.initializer, r, (tensor) => rawNumbers(tensor, r)),
  initializerType: (graph, r) =>
    withSome(graph.initializer, r, (tensor) => {
      tensor.dataType = r.integer(25);
    }),
  initializerBytes: (graph, r) =>
    withSome(graph.initializer, r, (tensor) => {
      tensor.rawData = tensor.rawData.slice(0, r.integer(tensor.rawData.length + 1));
    }),
  initializerGone: (graph, r) => void graph.initializer.splice(r.integer(graph.initializer.length), 1),
  initializerInput: (graph, r) =>
    withSome(
      graph.initializer,
      r,
      ({ name }) => void graph.input.push(create(ValueInfoProtoSchema, { name })),
    ),
  shape: (graph, r) =>
    withSome(declared(graph), r, ({ type }) => {
      if (type?.value.case !== 'tensorType') return;
      const dims = type.value.value.shape?.dim ?? [];
      const dim = some(dims, r);
      if (!dim || r.integer(5) === 0) dims.pop();
      else if (r.integer(3) === 0) dim.value = { case: 'dimParam', value: some(['N', 'H', 'batch', ''], r)! };
      else dim.value = { case: 'dimValue', value: some(dimensions, r)! };
    }),
  elementType: (graph, r) =>
    withSome(declared(graph), r, ({ type }) => {
      if (type?.value.case === 'tensorType') type.value.value.elemType = r.integer(20);
    }),
  attribute: (graph, r) => withSome(graph.node, r, (node) => attributes(node, r)),
  operator: (graph, r) =>
    withSome(graph.node, r, (node) => {
      if (r.integer(6) === 0)
        node.domain = some(['com.microsoft', 'org.example', 'espalier', 'ai.onnx.ml'], r)!;
      else node.opType = some(operators, r)!;
    }),
  rewired: (graph, r) =>
    withSome(graph.node, r, (node) => {
      const name = some(['', ...valueNames(graph)], r)!;
      if (r.integer(3) === 0) node.input.push(name);
      else node.input[r.integer(Math.max(1, node.input.length))] = name;
    }),
  inputGone: (graph, r) =>
    withSome(graph.node, r, (node) => void node.input.splice(r.integer(node.input.length + 1), 1)),
  outputChanged: (graph, r) =>
    withSome(graph.node, r, (node) => {
      if (r.integer(2) === 0) node.output.push(some(valueNames(graph), r) ?? 'more');
      else node.output[0] = some([...strings, ...valueNames(graph)], r)!;
    }),
  nodeGone: (graph, r) => void graph.node.splice(r.integer(graph.node.length), 1),
  nodeTwice: (graph, r) =>
    withSome(graph.node, r, (node) => {
      const copy = clone(NodeProtoSchema, node);
      if (r.integer(2) === 0) copy.output = copy.output.map((name) => `${name}.copy`);
      graph.node.splice(r.integer(graph.node.length + 1), 0, copy);
    }),
  nodesMoved: (graph, r) =>
    withSome(graph.node, r, (node) => {
      graph.node = graph.node.filter((other) => other !== node);
      graph.node.splice(r.integer(graph.node.length + 1), 0, node);
    }),
  names: (graph, r) =>
    withSome(graph.node, r, (node) => {
      node.name = some(strings, r)!;
    }),
  outputs: (graph, r) => {
    const name = some(valueNames(graph), r) ?? 'none';
    if (r.integer(3) === 0) graph.output = [];
    else if (r.integer(2) === 0) graph.output.push(create(ValueInfoProtoSchema, { name }));
    else withSome(graph.output, r, (output) => Object.assign(output, { name }));
  },
  inputs: (graph, r) => {
    if (r.integer(3) === 0) graph.input = [];
    else graph.input.push(create(ValueInfoProtoSchema, { name: some(valueNames(graph), r) ?? 'none' }));
  },
  versions: (_, r, model) => {
    withSome(model.opsetImport, r, (opset) =>
      Object.assign(opset, { version: some([...integers, 6n, 10n, 12n, 18n, 23n, 30n], r) }),
    );
    if (r.integer(3) === 0) model.irVersion = some(integers, r)!;
  },
  bomb: plantBomb,
};

function withSome<T>(list: readonly T[], r: Random, change: (item: T) => unknown): void {
  const item = some(list, r);
  if (item !== undefined) change(item);
}
