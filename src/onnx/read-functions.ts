import { create } from '@bufbuild/protobuf';
import { type AttributeProto, type FunctionProto, GraphProtoSchema, type ModelProto } from 'onnx-buf';
import type { Attribute, Graph, Node } from '../graph/graph.ts';
import { broken } from './broken.ts';
import { refuseExternalData } from './external-data.ts';
import { readAttribute } from './read-attribute.ts';
import { type NodeNotes, readGraph } from './read-graph.ts';

/** A function that a model defines, to be inlined. */
export interface LocalFunction {
  /** Its inputs and outputs are the formal ones; its opsets are its own imports. */
  readonly body: Graph;
  /** Values of attributes that a call omits. */
  readonly defaults: Readonly<Record<string, Attribute>>;
}

/** The functions of the model that a graph was read from, by {@link calledFunction}; each is read on request. */
export function readFunctions(graph: Graph): ReadonlyMap<string, () => LocalFunction> {
  return new Map(functionsOf(graph).map((proto) => [keyOf(proto), () => readFunction(proto)]));
}

/** The key of the function that a node calls, if the model defines one. */
export function calledFunction({ domain, op, opaque }: Node): string {
  const overload = (opaque as NodeNotes | undefined)?.proto.overload ?? '';
  return keyOf({ domain, name: op, overload });
}

/** The name of the function's attribute to which an attribute in its body refers; null if it does not refer to one. */
export function referredAttribute(attribute: Attribute): string | null {
  if (attribute.kind !== 'opaque') return null;
  return (attribute.value as Partial<AttributeProto>).refAttrName || null;
}

/** Discards the model's functions, after all calls were inlined. */
export function forgetFunctions(graph: Graph): void {
  const { model, ...rest } = (graph.opaque ?? {}) as { model?: ModelProto };
  if (model) graph.opaque = { ...rest, model: { ...model, functions: [] } };
}

const functionsOf = ({ opaque }: Graph): readonly FunctionProto[] =>
  ((opaque ?? {}) as { model?: ModelProto }).model?.functions ?? [];

const standardName = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

const keyOf = ({ domain, name, overload }: Pick<FunctionProto, 'domain' | 'name' | 'overload'>): string =>
  JSON.stringify([standardName(domain), name, overload]);

function readFunction(proto: FunctionProto): LocalFunction {
  const named = (name: string) => ({ name });
  const graph = create(GraphProtoSchema, {
    name: proto.name,
    node: proto.node,
    input: proto.input.map(named),
    output: proto.output.map(named),
    valueInfo: proto.valueInfo,
  });
  const opsets = Object.fromEntries(
    proto.opsetImport.map(({ domain, version }) => [standardName(domain), Number(version)]),
  );
  const external = refuseExternalData;
  const label = `function ${proto.name}`;
  const subgraph = (): Graph => {
    throw broken('expected a default other than a graph', label);
  };
  const defaults = proto.attributeProto.map(
    (attribute) => [attribute.name, readAttribute(attribute, { external, subgraph, label })] as const,
  );
  return { body: readGraph(graph, { opsets, external }), defaults: Object.fromEntries(defaults) };
}
