import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type TypeProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Attribute, Graph, Node, Value } from '../graph/graph.ts';
import { elementTypes } from '../graph/shapes/element-types.ts';
import { type Tensor, toInt64 } from '../numeric/tensor.ts';
import type { NodeNotes, ValueNotes } from './read-graph.ts';
import { tensorNotes } from './read-tensor.ts';

/** Chooses where a tensor's bytes are stored outside the model; null stores them inside. */
export type ExternalPlacement = (
  tensor: Tensor,
) => { location: string; offset: number; length: number } | null;

/** Converts a graph to protobuf. */
export function writeGraph(graph: Graph, place: ExternalPlacement): GraphProto {
  const { graph: rest } = (graph.opaque ?? {}) as { graph?: Omit<GraphProto, '$typeName'> };
  const outputs = new Set(graph.outputs);
  const computed = graph.nodes.flatMap((node) => node.outputs).filter((value): value is Value => !!value);
  const listed = [...graph.initializers, ...computed].filter(
    (value) => !outputs.has(value) && isListed(value),
  );
  const known = new Set(listed.map(({ name }) => name));
  const elsewhere = (rest?.valueInfo ?? []).filter(
    ({ name }) => known.has(name) === false && isForeign(graph, name),
  );
  return create(GraphProtoSchema, {
    ...rest,
    ...(graph.name ? { name: graph.name } : {}),
    input: graph.inputs.map(writeValue),
    output: graph.outputs.map(writeValue),
    initializer: graph.initializers.map(({ name, tensor }) => writeTensor(tensor!, { name, place })),
    valueInfo: [...listed.map(writeValue), ...elsewhere],
    node: graph.nodes.map((node) => writeNode(node, place)),
  });
}

const isListed = (value: Value): boolean => ((value.opaque ?? {}) as Partial<ValueNotes>).listed === true;

/** Whether a value in the file's value_info is unknown to the graph. It is kept, unless it is one that was removed. */
function isForeign(graph: Graph, name: string): boolean {
  return graph.inputs.some((value) => value.name === name);
}

function writeValue(value: Value): ValueInfoProto {
  const info = (value.opaque as ValueNotes | undefined)?.info;
  const type = writeType(value, info?.type);
  return create(ValueInfoProtoSchema, {
    ...documentation(info),
    name: value.name,
    ...(type ? { type } : {}),
  });
}

type Documentation = Pick<ValueInfoProto, 'docString' | 'metadataProps'>;

/** The documentation fields that exist; empty ones would be written, too. */
function documentation(notes: Documentation | undefined): Partial<Documentation> {
  return {
    ...(notes?.docString ? { docString: notes.docString } : {}),
    ...(notes?.metadataProps.length ? { metadataProps: notes.metadataProps } : {}),
  };
}

function writeType(value: Value, original: TypeProto | undefined): TypeProto | undefined {
  if (value.otherType !== undefined || !value.dtype) return original;
  const kept = original?.value.case === 'tensorType' ? original.value.value.shape?.dim : undefined;
  const dim = value.shape?.map((size, i) => ({
    ...(kept?.length === value.shape!.length && kept[i]!.denotation
      ? { denotation: kept[i]!.denotation }
      : {}),
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : size === null
          ? ({ case: undefined } as const)
          : ({ case: 'dimParam', value: size } as const),
  }));
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: elementTypes.indexOf(value.dtype),
    ...(dim ? { shape: { dim } } : {}),
  });
  return create(TypeProtoSchema, {
    ...(original?.denotation ? { denotation: original.denotation } : {}),
    value: { case: 'tensorType', value: tensorType },
  });
}

function writeNode(node: Node, place: ExternalPlacement): NodeProto {
  const notes = node.opaque as NodeNotes | undefined;
  return create(NodeProtoSchema, {
    ...documentation(notes?.proto),
    ...(notes?.proto.overload ? { overload: notes.proto.overload } : {}),
    ...(notes?.proto.deviceConfigurations.length
      ? { deviceConfigurations: notes.proto.deviceConfigurations }
      : {}),
    opType: node.op,
    ...(node.domain ? { domain: node.domain } : {}),
    ...(node.name ? { name: node.name } : {}),
    input: node.inputs.map((value) => value?.name ?? ''),
    output: node.outputs.map((value) => value?.name ?? ''),
    attribute: Object.entries(node.attributes).map(([name, attribute]) => {
      const docs = notes?.attributeDocs ?? {};
      const docString = Object.hasOwn(docs, name) ? { docString: docs[name] } : {};
      return attribute.kind === 'opaque'
        ? (attribute.value as AttributeProto)
        : create(AttributeProtoSchema, { name, ...docString, ...writeAttribute(attribute, place) });
    }),
  });
}

type AttributeFields = Partial<Omit<AttributeProto, '$typeName' | '$unknown'>>;

function writeAttribute(
  attribute: Exclude<Attribute, { kind: 'opaque' }>,
  place: ExternalPlacement,
): AttributeFields {
  switch (attribute.kind) {
    case 'int':
      return { type: Kind.INT, i: toInt64(attribute.value) };
    case 'float':
      return { type: Kind.FLOAT, f: attribute.value };
    case 'string':
      return { type: Kind.STRING, s: utf8(attribute.value) };
    case 'ints':
      return { type: Kind.INTS, ints: attribute.value.map(toInt64) };
    case 'floats':
      return { type: Kind.FLOATS, floats: [...attribute.value] };
    case 'strings':
      return { type: Kind.STRINGS, strings: attribute.value.map(utf8) };
    case 'tensor':
      return { type: Kind.TENSOR, t: writeTensor(attribute.value, { place: () => null }) };
    case 'graph':
      return { type: Kind.GRAPH, g: writeGraph(attribute.value, place) };
    case 'graphs':
      return { type: Kind.GRAPHS, graphs: attribute.value.map((graph) => writeGraph(graph, place)) };
  }
}

const utf8 = (text: string | Uint8Array): Uint8Array<ArrayBuffer> =>
  (typeof text === 'string' ? new TextEncoder().encode(text) : text) as Uint8Array<ArrayBuffer>;

function writeTensor(
  tensor: Tensor,
  { name, place }: { name?: string; place: ExternalPlacement },
): TensorProto {
  const notes = tensorNotes.get(tensor);
  const head = {
    ...documentation(notes),
    ...((name ?? notes?.name) ? { name: name ?? notes!.name } : {}),
    dims: tensor.shape.map(BigInt),
    dataType: elementTypes.indexOf(tensor.dtype),
  };
  if (!ArrayBuffer.isView(tensor.data)) {
    return create(TensorProtoSchema, { ...head, stringData: tensor.data.map(utf8) });
  }
  const placed = place(tensor);
  if (!placed) return create(TensorProtoSchema, { ...head, rawData: rawBytes(tensor) });
  const externalData = Object.entries(placed).map(([key, value]) => ({ key, value: String(value) }));
  return create(TensorProtoSchema, {
    ...head,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: externalData as TensorProto['externalData'],
  });
}

/** A tensor's elements as little-endian bytes, without copying. */
export function rawBytes({ data }: Tensor): Uint8Array<ArrayBuffer> {
  const view = data as Float32Array;
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}
