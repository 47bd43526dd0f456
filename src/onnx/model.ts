import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { payloadBytes } from '../graph/payload.ts';
import { broken } from './broken.ts';
import { type ReadExternalData, refuseExternalData } from './external-data.ts';
import { readGraph } from './read-graph.ts';
import { validate } from './validate.ts';
import { type ExternalPlacement, writeGraph } from './write-graph.ts';

/** The data of a file's model that graphs do not represent. */
type ModelNotes = Omit<ModelProto, '$typeName' | '$unknown' | 'graph' | 'metadataProps'>;

/** Before this IR version, every initializer had to be listed as an input as well. */
const SEPARATE_INITIALIZERS = 4n;

/** Larger version numbers indicate a damaged file. */
const MOST_VERSION = BigInt(2 ** 31 - 1);

/** The size limit of a protobuf file. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Parses an ONNX model; tensors in other files are read by `externalData`. Data that Espalier does not interpret (functions,
 * annotations, documentation, unknown operators) is kept for writing. Throws `invalid-model` if the bytes are no valid model.
 *
 * @example
 * const network = parseModel(new Uint8Array(await (await fetch('model.onnx')).arrayBuffer()));
 */
export function parseModel(
  bytes: Uint8Array,
  options: { readonly externalData?: ReadExternalData } = {},
): Graph {
  const { externalData: external = refuseExternalData } = options;
  const proto = decode(bytes);
  if (!proto.graph || proto.opsetImport.length === 0)
    throw broken('is not an ONNX model: it contains no graph or no operator set');
  const opsets = readOpsets(proto);
  const graph = readGraph(proto.graph, { opsets, external });
  const { graph: rest } = graph.opaque as { graph: unknown };
  graph.metadata = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
  const { $typeName, $unknown, graph: read, metadataProps, ...model } = proto;
  graph.opaque = { graph: rest, model };
  if (proto.irVersion < SEPARATE_INITIALIZERS) {
    const initializers = new Set(graph.initializers);
    graph.inputs = graph.inputs.filter((value) => !initializers.has(value));
  }
  validate(graph);
  return graph;
}

function readOpsets({ opsetImport }: ModelProto): Record<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of opsetImport) {
    const name = domain === 'ai.onnx' ? '' : domain;
    const where = `domain ${domain || 'ai.onnx'}`;
    if (version < 1n || version > MOST_VERSION) {
      throw broken(`expected an operator set version of at least 1, found ${version}`, where);
    }
    const known = opsets.get(name);
    if (known !== undefined && known !== Number(version)) {
      throw broken(`expected one operator set version, found ${known} and ${version}`, where);
    }
    opsets.set(name, Number(version));
  }
  return Object.fromEntries(opsets);
}

function decode(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw broken('is empty');
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new EspalierError('invalid-model', 'is not an ONNX model, or is damaged', { cause });
  }
}

/** Serialises a model. Throws if the result would exceed protobuf's 2 GB. */
export function serializeModel(graph: Graph): Uint8Array<ArrayBuffer> {
  if (payloadBytes(graph) > MOST_BYTES) throw tooLarge();
  return encodeModel(graph, () => null);
}

const tooLarge = () =>
  new EspalierError('unsupported', 'a model over 2 GB must be written to a file, with external data');

/** Serialises a model whose tensors are stored where `place` says. */
export function encodeModel(graph: Graph, place: ExternalPlacement): Uint8Array<ArrayBuffer> {
  const { model } = (graph.opaque ?? {}) as { model?: ModelNotes };
  const opsetImport = Object.entries(graph.opsets).map(([domain, version]) => ({
    domain,
    version: BigInt(version),
  }));
  const proto = create(ModelProtoSchema, {
    ...(model ?? { producerName: 'espalier' }),
    irVersion: irVersion(graph, model),
    opsetImport: opsetImport as ModelProto['opsetImport'],
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({
      key,
      value,
    })) as ModelProto['metadataProps'],
    graph: writeGraph(graph, place),
  });
  const bytes = toBinary(ModelProtoSchema, proto);
  if (bytes.byteLength > MOST_BYTES) throw tooLarge();
  return bytes;
}

/** The first IR version for each opset. */
const irOfOpset: readonly (readonly [opset: number, ir: number])[] = [
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
  [11, 6],
];

/** The IR version of the file, raised if a newer opset, or initializers that are no inputs, require it. */
function irVersion(graph: Graph, model: ModelNotes | undefined): bigint {
  const needed = irOfOpset.find(([opset]) => (graph.opsets[''] ?? 0) >= opset)?.[1] ?? 6;
  if (!model) return BigInt(Math.max(8, needed));
  const before = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  const sameOpset = before === undefined || Number(before) === graph.opsets[''];
  const inputs = new Set(graph.inputs);
  const separate = graph.initializers.some((value) => !inputs.has(value));
  const least = Math.max(separate ? 4 : 0, sameOpset ? 0 : needed);
  return model.irVersion > BigInt(least) ? model.irVersion : BigInt(least);
}
