import { EspalierError } from '../errors.ts';
import type { DataType, Tensor } from '../numeric/tensor.ts';

/** A dimension: fixed, symbolic (`N`), or unknown. */
export type Dim = number | string | null;
/** Dimensions, the outermost first. */
export type Shape = readonly Dim[];

/**
 * A tensor that flows through a graph. Values are compared by identity; names are unique within a graph and its
 * subgraphs and matter only in files.
 */
export interface Value {
  name: string;
  /** null while unknown, and for values that are no tensors. */
  dtype: DataType | null;
  /** null while even the rank is unknown. */
  shape: Shape | null;
  /** The contents where they are fixed: of an initializer, or of a Constant node's output. */
  tensor: Tensor | null;
  /** A type that is no dense tensor (sequence, optional, map, sparse), kept as the file has it. */
  otherType?: unknown;
  /** What a file says of the value beside its type, kept as it is. */
  opaque?: unknown;
  /** Of an input: what runs of the network feed it with; told from outside, in no file. */
  feed?: InputFeed;
}

/** What an input is fed with. */
export interface InputFeed {
  /** A leading 1 stands for the batch, where the network leaves that open. */
  readonly shape: readonly number[];
  /** null leaves them to whoever runs the network. */
  readonly contents: Tensor | null;
}

/** An attribute of a node: its kind, as ONNX names it, and its value. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string | Uint8Array }
  | { readonly kind: 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly (string | Uint8Array)[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Kinds that nothing here reads (types, sparse tensors, references to function attributes), kept as the file has them. */
  | { readonly kind: 'opaque'; readonly value: unknown };

/** One operation. A missing optional input or output is null. */
export interface Node {
  op: string;
  /** '' is ONNX's own domain. */
  domain: string;
  name: string;
  inputs: (Value | null)[];
  outputs: (Value | null)[];
  attributes: Record<string, Attribute>;
  /** What a file says of the node beside the above, kept as it is. */
  opaque?: unknown;
}

/** A network, a training step, or the body of a control-flow node. Nodes stand in topological order. */
export interface Graph {
  name: string;
  inputs: Value[];
  outputs: Value[];
  /** Values with contents that are stored beside the nodes. One may also be an input (a default that a feed replaces). */
  initializers: Value[];
  nodes: Node[];
  /** Operator set version by domain. A subgraph has its model's. */
  opsets: Record<string, number>;
  /** Key-value pairs stored with the model. */
  metadata: Record<string, string>;
  /** What a file says of the model beside the above, kept as it is. */
  opaque?: unknown;
}

/** The domain of the training operators. */
export const ESPALIER_DOMAIN = 'espalier';
/** The opset of graphs that are built here and not read from a file. */
export const DEFAULT_OPSET = 18;

export function makeValue(name: string, dtype: DataType | null = null, shape: Shape | null = null): Value {
  return { name, dtype, shape, tensor: null };
}

/** A value with fixed contents. */
export function makeConstant(name: string, tensor: Tensor): Value {
  return { name, dtype: tensor.dtype, shape: tensor.shape, tensor };
}

/** A node of ONNX's own domain without attributes. */
export const makeNode = (op: string, links: Pick<Node, 'name' | 'inputs' | 'outputs'>): Node => ({
  op,
  domain: '',
  attributes: {},
  ...links,
});

/** A graph without inputs and nodes, for ONNX's operator set `opset`, 18 by default; fill it by {@link builderOf}. */
export function emptyGraph(name: string, opset: number = DEFAULT_OPSET): Graph {
  return { name, inputs: [], outputs: [], initializers: [], nodes: [], opsets: { '': opset }, metadata: {} };
}

/** The name of a node, of its first output where it has none, or its operator. */
export const nodeName = (node: Node): string => node.name || node.outputs[0]?.name || node.op;

/** The name of a node, or its label where it has none. */
export const nodeTitle = (node: Node): string => node.name || nodeLabel(node);

/** `conv1 (Conv)`: how messages name a node. */
export function nodeLabel(node: Node): string {
  const name = node.name || node.outputs.find((output) => output !== null)?.name || 'unnamed node';
  return `${name} (${node.domain ? `${node.domain}.` : ''}${node.op})`;
}

/** Numbers by the least rank of a tensor. */
interface StaticShapes {
  0: number[];
  1: [number, ...number[]];
  2: [number, number, ...number[]];
  3: [number, number, number, ...number[]];
  4: [number, number, number, number, ...number[]];
}

/** The shape where every dimension is a number, and their number at least `rank`; throws otherwise. */
export function staticShape<R extends keyof StaticShapes = 0>(value: Value, rank?: R): StaticShapes[R] {
  const { shape } = value;
  const isStatic = shape?.every((dim) => typeof dim === 'number');
  if (isStatic && shape.length >= (rank ?? 0)) return shape as StaticShapes[R];
  const wanted = rank && isStatic ? `at least ${rank} dimensions` : 'a fixed shape';
  throw new EspalierError('shape', `expected ${wanted}, found ${formatShape(shape)}`, { where: value.name });
}

/** `[N, 3, 32, 32]`; unknown dimensions are `?`. */
export function formatShape(shape: Shape | null): string {
  return shape ? `[${shape.map((dim) => dim ?? '?').join(', ')}]` : 'of unknown rank';
}

/** The input that must be there, by position; throws naming node and position. */
export function requiredInput(node: Node, index: number): Value {
  const value = node.inputs[index];
  if (!value)
    throw new EspalierError('invalid-model', `input ${index} is missing`, { where: nodeLabel(node) });
  return value;
}

/** The single output of a node that must have one; throws naming the node. */
export function onlyOutput(node: Node): Value {
  const value = node.outputs[0];
  if (!value) throw new EspalierError('invalid-model', 'output 0 is missing', { where: nodeLabel(node) });
  return value;
}
