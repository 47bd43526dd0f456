import { EspalierError } from '../errors.ts';
import type { DataType, Tensor } from '../numeric/tensor.ts';

/** A dimension: fixed, symbolic (`N`), or unknown. */
export type Dim = number | string | null;
/** Dimensions, outermost first. */
export type Shape = readonly Dim[];

/**
 * A value (tensor) in a graph. Values are compared by identity; names are unique within a graph and its subgraphs, and only
 * matter in files.
 */
export interface Value {
  name: string;
  /** null if unknown, or if the value is no tensor. */
  dtype: DataType | null;
  /** null if even the rank is unknown. */
  shape: Shape | null;
  /** Constant contents: of an initializer, or of the output of a Constant node; else null. */
  tensor: Tensor | null;
  /** A type other than a dense tensor (sequence, optional, map, sparse), unchanged from the file. */
  otherType?: unknown;
  /** Other data about the value in the file, kept unchanged. */
  opaque?: unknown;
  /** For inputs: the contents with which the network is run. It is set by the caller and not stored in files. */
  feed?: InputFeed;
}

/** A value with constant contents. */
export interface ConstantValue extends Value {
  tensor: Tensor;
}

export const isConstantValue = (value: Value): value is ConstantValue => value.tensor !== null;

/** The contents of an input. */
export interface InputFeed {
  /** A leading 1 represents the batch if the network leaves it open. */
  readonly shape: readonly number[];
  /** null if random numbers may be used. */
  readonly contents: Tensor | null;
}

/** An attribute of a node: its ONNX kind, and its value. */
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
  /** Kinds that are not interpreted (types, sparse tensors, references to function attributes), unchanged from the file. */
  | { readonly kind: 'opaque'; readonly value: unknown };

/** An operation. A missing optional input or output is null. */
export interface Node {
  op: string;
  /** The domain of the operator; '' is ONNX's own. */
  domain: string;
  name: string;
  inputs: (Value | null)[];
  outputs: (Value | null)[];
  attributes: Record<string, Attribute>;
  /** Other data about the node in the file, kept unchanged. */
  opaque?: unknown;
}

/** A network, a training step, or the body of a control-flow node. Nodes are in topological order. */
export interface Graph {
  name: string;
  inputs: Value[];
  outputs: Value[];
  /** Values with constant contents. One may also be an input, whose default value it is. */
  initializers: Value[];
  nodes: Node[];
  /** Operator set version by domain. A subgraph has those of its model. */
  opsets: Record<string, number>;
  /** Key-value pairs stored with the model. */
  metadata: Record<string, string>;
  /** Other data about the model in the file, kept unchanged. */
  opaque?: unknown;
}

/** The domain of the training operators. */
export const ESPALIER_DOMAIN = 'espalier';
/** The opset of graphs that are built rather than read from files. */
export const DEFAULT_OPSET = 18;

export function makeValue(name: string, dtype: DataType | null = null, shape: Shape | null = null): Value {
  return { name, dtype, shape, tensor: null };
}

/** Creates a value with constant contents. */
export function makeConstant(name: string, tensor: Tensor): ConstantValue {
  return { name, dtype: tensor.dtype, shape: tensor.shape, tensor };
}

/** Creates a node in ONNX's own domain, without attributes. */
export const makeNode = (op: string, links: Pick<Node, 'name' | 'inputs' | 'outputs'>): Node => ({
  op,
  domain: '',
  attributes: {},
  ...links,
});

/** A graph without inputs and nodes, with ONNX opset `opset` (default 18). Add nodes with {@link builderOf}. */
export function emptyGraph(name: string, opset: number = DEFAULT_OPSET): Graph {
  return { name, inputs: [], outputs: [], initializers: [], nodes: [], opsets: { '': opset }, metadata: {} };
}

/** The name of a node, else of its first output, else its operator. */
export const nodeName = (node: Node): string => node.name || node.outputs[0]?.name || node.op;

/** The name of a node; its label if it has none. */
export const nodeTitle = (node: Node): string => node.name || nodeLabel(node);

/** A description of a node for messages: `conv1 (Conv)`. */
export function nodeLabel(node: Node): string {
  const name = node.name || node.outputs.find((output) => output !== null)?.name || 'unnamed node';
  return `${name} (${node.domain ? `${node.domain}.` : ''}${node.op})`;
}

/** Shape types by minimum rank. */
interface StaticShapes {
  0: number[];
  1: [number, ...number[]];
  2: [number, number, ...number[]];
  3: [number, number, number, ...number[]];
  4: [number, number, number, number, ...number[]];
}

/** The shape of a value whose dimensions are all numbers, with at least `rank` of them; throws `shape` otherwise. */
export function staticShape<R extends keyof StaticShapes = 0>(value: Value, rank?: R): StaticShapes[R] {
  const { shape } = value;
  const isStatic = shape?.every((dim) => typeof dim === 'number');
  if (isStatic && shape.length >= (rank ?? 0)) return shape as StaticShapes[R];
  const wanted = rank && isStatic ? `at least ${rank} dimensions` : 'a fixed shape';
  throw new EspalierError('shape', `expected ${wanted}, found ${formatShape(shape)}`, { where: value.name });
}

/** A shape as text: `[N, 3, 32, 32]`, with `?` for unknown dimensions. */
export function formatShape(shape: Shape | null): string {
  return shape ? `[${shape.map((dim) => dim ?? '?').join(', ')}]` : 'of unknown rank';
}

/** The input with the given index. Throws, naming the node, if it is missing. */
export function requiredInput(node: Node, index: number): Value {
  const value = node.inputs[index];
  if (!value)
    throw new EspalierError('invalid-model', `input ${index} is missing`, { where: nodeLabel(node) });
  return value;
}

/** The only output of a node. Throws, naming the node, if it has none. */
export function onlyOutput(node: Node): Value {
  const value = node.outputs[0];
  if (!value) throw new EspalierError('invalid-model', 'output 0 is missing', { where: nodeLabel(node) });
  return value;
}
