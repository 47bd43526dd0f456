import { clone, create, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Random } from '../../../src/numeric/random.ts';
import { plantBomb } from './bombs.ts';
import { dimensions, integers, operators, some, strings } from './choices.ts';
import { attributes, rawNumbers, tensorDims } from './parts.ts';

/** A file with one or two mutations of its structure; the numbers decide which. */
export function mutatedFile(model: ModelProto, r: Random): Uint8Array {
  const copy = clone(ModelProtoSchema, model);
  const count = 1 + r.integer(2);
  const kinds = Object.values(mutations);
  for (let i = 0; i < count; i++) kinds[r.integer(kinds.length)]!(graphOf(copy.graph!, r), r, copy);
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

/** The graph, or now and then the body of one of its nodes. */
function graphOf(graph: GraphProto, r: Random): GraphProto {
  const bodies = graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ g, graphs }) => (g ? [g] : graphs)),
  );
  return (r.integer(2) === 0 ? some(bodies, r) : undefined) ?? graph;
}

/** Where shapes are declared: inputs, outputs, values between. */
const declared = ({ input, output, valueInfo }: GraphProto) => [...input, ...output, ...valueInfo];

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
  /** A value under another name wherever it is used. */
  renamed: (graph, r) => {
    const from = some(valueNames(graph), r);
    const to = some([...strings, ...valueNames(graph)], r)!;
    if (from !== undefined) rename(graph, from, to);
  },
  functions: (_, r, model) =>
    withSome(model.functions, r, (called) => {
      if (r.integer(3) === 0)
        called.node.push(
          create(NodeProtoSchema, {
            opType: called.name,
            domain: called.domain,
            input: called.input,
            output: ['again'],
          }),
        );
      else if (r.integer(2) === 0) called.input.pop();
      else withSome(called.node, r, (node) => attributes(node, r));
    }),
  external: (graph, r) =>
    withSome(graph.initializer, r, ({ externalData }) =>
      withSome(externalData, r, (entry) => {
        entry.value = some(
          ['../weights.bin', '/etc/hostname', '.', '', '-1', '1e300', '99999999999', 'x'],
          r,
        )!;
      }),
    ),
  sparse: (graph, r) =>
    withSome(graph.sparseInitializer, r, (tensor) => {
      if (r.integer(2) === 0) tensor.dims[0] = some(dimensions, r)!;
      else if (tensor.indices) tensorDims(tensor.indices, r);
    }),
  /** The batch, or another size of the first input. */
  fed: (graph, r) => {
    const type = graph.input[0]?.type?.value;
    const dim = type?.case === 'tensorType' ? some(type.value.shape?.dim ?? [], r) : undefined;
    if (dim) dim.value = { case: 'dimValue', value: some(dimensions, r)! };
  },
  bomb: plantBomb,
};

function withSome<T>(list: readonly T[], r: Random, change: (item: T) => unknown): void {
  const item = some(list, r);
  if (item !== undefined) change(item);
}

function rename(graph: GraphProto, from: string, to: string): void {
  const renamed = (name: string) => (name === from ? to : name);
  for (const named of [...graph.input, ...graph.output, ...graph.initializer, ...graph.valueInfo])
    named.name = renamed(named.name);
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
    for (const { g } of node.attribute) if (g) rename(g, from, to);
  }
}
