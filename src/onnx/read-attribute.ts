import { type AttributeProto, type GraphProto, AttributeProto_AttributeType as Kind } from 'onnx-buf';
import type { Attribute, Graph } from '../graph/graph.ts';
import { broken } from './broken.ts';
import type { ReadExternalData } from './external-data.ts';
import { readTensor } from './read-tensor.ts';

/** The context for reading an attribute. */
export interface AttributeContext {
  readonly external: ReadExternalData;
  /** Reads a subgraph, which can access the values around its node. */
  readonly subgraph: (proto: GraphProto) => Graph;
  /** A label of the node, for errors. */
  readonly label: string;
}

/** Reads an attribute; kinds that are not interpreted are kept unchanged. */
export function readAttribute(proto: AttributeProto, context: AttributeContext): Attribute {
  const { external, subgraph, label } = context;
  if (proto.refAttrName) return { kind: 'opaque', value: proto };
  switch (proto.type || guessedKind(proto)) {
    case Kind.INT:
      return { kind: 'int', value: integer(proto.i) };
    case Kind.FLOAT:
      return { kind: 'float', value: proto.f };
    case Kind.STRING:
      return { kind: 'string', value: text(proto.s) };
    case Kind.INTS:
      return { kind: 'ints', value: proto.ints.map(integer) };
    case Kind.FLOATS:
      return { kind: 'floats', value: proto.floats };
    case Kind.STRINGS:
      return { kind: 'strings', value: proto.strings.map(text) };
    case Kind.TENSOR:
      if (!proto.t) throw broken(`attribute ${proto.name} has no tensor`, label);
      return { kind: 'tensor', value: readTensor(proto.t, external) };
    case Kind.GRAPH:
      if (!proto.g) throw broken(`attribute ${proto.name} has no graph`, label);
      return { kind: 'graph', value: subgraph(proto.g) };
    case Kind.GRAPHS:
      return { kind: 'graphs', value: proto.graphs.map(subgraph) };
    default:
      return { kind: 'opaque', value: proto };
  }
}

/** The kind of an attribute in files that predate the field `type`. */
function guessedKind(proto: AttributeProto): Kind {
  if (proto.g) return Kind.GRAPH;
  if (proto.t) return Kind.TENSOR;
  if (proto.ints.length > 0) return Kind.INTS;
  if (proto.floats.length > 0) return Kind.FLOATS;
  if (proto.strings.length > 0) return Kind.STRINGS;
  if (proto.graphs.length > 0) return Kind.GRAPHS;
  if (proto.s.length > 0) return Kind.STRING;
  return proto.f !== 0 ? Kind.FLOAT : Kind.INT;
}

const integer = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text if the bytes are UTF-8, else the bytes. */
function text(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}
