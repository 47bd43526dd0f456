import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import { EspalierError } from '../errors.ts';
import {
  type Attribute,
  type Dim,
  type Graph,
  makeValue,
  type Node,
  type Shape,
  type Value,
} from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { elementType } from '../graph/shapes/element-types.ts';
import { inferNode } from '../graph/shapes/index.ts';
import { sortTopologically } from '../graph/topology.ts';
import { broken } from './broken.ts';
import type { ReadExternalData } from './external-data.ts';
import { readAttribute } from './read-attribute.ts';
import { readTensor } from './read-tensor.ts';

/** State that is passed down while graphs are read. */
export interface FileContext {
  readonly opsets: Record<string, number>;
  readonly external: ReadExternalData;
}

/** The values that a graph can access by name: its own, then outer ones. */
interface Scope {
  readonly own: Map<string, Value>;
  readonly outer: Scope | null;
  readonly depth: number;
}

/** The data of a node in the file that nodes do not represent. */
export interface NodeNotes {
  readonly proto: Pick<NodeProto, 'docString' | 'overload' | 'metadataProps' | 'deviceConfigurations'>;
  readonly attributeDocs: Readonly<Record<string, string>>;
}

/** The data of a value in the file, except its type; `listed` if it is in value_info. */
export interface ValueNotes {
  readonly info: ValueInfoProto;
  readonly listed: boolean;
}

/** Maximum nesting of subgraphs; more is treated as an attack. */
const DEEPEST = 60;

/** Reads a graph, or a subgraph that can access the values of `outer`. */
export function readGraph(proto: GraphProto, reading: FileContext, outer: Scope | null = null): Graph {
  const scope: Scope = { own: new Map(), outer, depth: (outer?.depth ?? 0) + 1 };
  if (scope.depth > DEEPEST) throw broken(`subgraphs are nested deeper than ${DEEPEST}`);
  const inputs = proto.input.map((info) => described(define(scope, info.name), info, false));
  const initializers = proto.initializer.map((tensor) => initializer(tensor, scope, reading));
  for (const { values } of proto.sparseInitializer) {
    if (values) (scope.own.get(values.name) ?? define(scope, values.name)).otherType ??= 'sparse';
  }
  const outputsOf = proto.node.map((node) => node.output.map((name) => (name ? define(scope, name) : null)));
  for (const info of proto.valueInfo) {
    const value = scope.own.get(info.name);
    if (value) described(value, info, true);
  }
  const nodes = proto.node.map((node, i) => readNode(node, outputsOf[i]!, { scope, reading }));
  const outputs = proto.output.map((info) => {
    const value = resolve(scope, info.name, 'graph output');
    return scope.own.has(info.name) && !value.tensor ? described(value, info, false) : value;
  });
  const { opsets } = reading;
  const { $typeName, $unknown, node, initializer: stored, input, output, ...rest } = proto;
  const graph: Graph = {
    name: proto.name,
    inputs,
    outputs,
    initializers,
    nodes,
    opsets,
    metadata: {},
    opaque: { graph: rest },
  };
  sortTopologically(graph);
  return graph;
}

function define(scope: Scope, name: string): Value {
  if (scope.own.has(name)) throw broken('is defined twice', JSON.stringify(name));
  if (name === '__proto__') {
    const message = 'this name cannot be used in JavaScript: rename the value';
    throw new EspalierError('unsupported', message, { where: name });
  }
  const value = makeValue(name);
  scope.own.set(name, value);
  return value;
}

function resolve(scope: Scope, name: string, reader: string): Value {
  for (let at: Scope | null = scope; at; at = at.outer) {
    const value = at.own.get(name);
    if (value) return value;
  }
  throw broken(`reads ${JSON.stringify(name)}, which is not defined`, reader);
}

function initializer(proto: TensorProto, scope: Scope, { external }: FileContext): Value {
  const value = scope.own.get(proto.name) ?? define(scope, proto.name);
  if (value.tensor) throw broken('is defined twice', JSON.stringify(proto.name));
  value.tensor = readTensor(proto, external);
  value.dtype = value.tensor.dtype;
  value.shape = value.tensor.shape;
  return value;
}

function described(value: Value, info: ValueInfoProto, listed: boolean): Value {
  value.opaque = { info, listed } satisfies ValueNotes;
  const type = info.type?.value;
  if (type?.case === 'tensorType') {
    value.dtype ??= elementType(type.value.elemType);
    value.shape ??= type.value.shape ? readShape(type.value.shape.dim, info.name) : null;
  } else if (type?.case) {
    value.otherType = info.type;
  }
  return value;
}

function readShape(
  dims: readonly { value: { case?: string | undefined; value?: unknown } }[],
  where: string,
): Shape {
  return dims.map(({ value }): Dim => {
    if (value.case === 'dimParam') return (value.value as string) || null;
    if (value.case !== 'dimValue') return null;
    const size = Number(value.value);
    if (size > Number.MAX_SAFE_INTEGER) throw broken(`dimension ${value.value} is too large`, where);
    return size < 0 ? null : size;
  });
}

function readNode(
  proto: NodeProto,
  outputs: (Value | null)[],
  { scope, reading }: { scope: Scope; reading: FileContext },
): Node {
  const label = `${proto.name || proto.output[0] || 'unnamed node'} (${proto.opType})`;
  const { docString, overload, metadataProps, deviceConfigurations } = proto;
  const subgraph = (body: GraphProto) => readGraph(body, reading, scope);
  const attributes = new Map<string, Attribute>();
  const docs = new Map<string, string>();
  for (const attribute of proto.attribute) {
    const { name } = attribute;
    if (attributes.has(name)) throw broken(`attribute ${name} is given twice`, label);
    if (attribute.docString) docs.set(name, attribute.docString);
    attributes.set(name, readAttribute(attribute, { external: reading.external, subgraph, label }));
  }
  const node: Node = {
    op: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input.map((name) => (name ? resolve(scope, name, label) : null)),
    outputs,
    attributes: Object.fromEntries(attributes),
    opaque: {
      proto: { docString, overload, metadataProps, deviceConfigurations },
      attributeDocs: Object.fromEntries(docs),
    } satisfies NodeNotes,
  };
  // A Constant contains its output in one of several attributes.
  if (isOperator(node, 'Constant')) inferNode(node, reading.opsets, new Map());
  return node;
}
