import {
  create,
  fromBinary,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
} from 'onnx-buf';

export type ModelInit = MessageInitShape<typeof ModelProtoSchema>;
export type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
export type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;

/** The bytes of a model around a graph: IR 8, opset 18. */
export function modelBytes(graph: GraphInit, model: ModelInit = {}): Uint8Array {
  const proto = { irVersion: 8n, opsetImport: [{ domain: '', version: 18n }], ...model, graph };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, proto as ModelInit));
}

export const decoded = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);

/** A declared value of float32 (or another element type); a size per dimension. */
export const tensorInfo = (name: string, sizes: readonly (number | bigint)[], elemType = 1) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType,
        shape: { dim: sizes.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })) },
      },
    },
  },
});

type Json = { [key: string]: JsonValue };

/**
 * A model as JSON, without the freedom that ONNX leaves: tensors as raw bytes, value_info by name, the default domain
 * as ''.
 */
export function canonical(bytes: Uint8Array): JsonValue {
  return normalized(toJson(ModelProtoSchema, decoded(bytes)));
}

function normalized(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(normalized);
  if (typeof json !== 'object' || json === null) return json;
  const made: Json = {};
  for (const [key, value] of Object.entries(json)) {
    if (value === '' || (key === 'domain' && value === 'ai.onnx')) continue;
    made[key] = normalized(value);
  }
  if (Array.isArray(made.valueInfo)) made.valueInfo = byName(made.valueInfo);
  return typeof made.dataType === 'number' && made.dataLocation !== 'EXTERNAL' ? rawTensor(made) : made;
}

const byName = (infos: JsonValue[]): JsonValue[] =>
  [...infos].sort((a, b) => ((a as Json).name! < (b as Json).name! ? -1 : 1));

const writers: Readonly<Record<number, readonly [bytes: number, method: keyof DataView]>> = {
  1: [4, 'setFloat32'],
  14: [4, 'setFloat32'],
  11: [8, 'setFloat64'],
  15: [8, 'setFloat64'],
  7: [8, 'setBigInt64'],
  13: [8, 'setBigUint64'],
  12: [4, 'setUint32'],
  6: [4, 'setInt32'],
  4: [2, 'setUint16'],
  5: [2, 'setInt16'],
  10: [2, 'setUint16'],
  16: [2, 'setUint16'],
};

/** ONNX's *_data fields as the little-endian bytes that raw_data would hold. */
function rawTensor(tensor: Json): Json {
  const fields = ['floatData', 'doubleData', 'int32Data', 'int64Data', 'uint64Data'];
  const field = fields.find((name) => Array.isArray(tensor[name]));
  if (!field) return tensor;
  const { [field]: elements, ...rest } = tensor;
  const [size, method] = writers[tensor.dataType as number] ?? [1, 'setUint8'];
  const wide = method === 'setBigInt64' || method === 'setBigUint64';
  const list = elements as JsonValue[];
  const view = new DataView(new ArrayBuffer(list.length * size));
  const set = view[method] as (at: number, value: number | bigint, little: boolean) => void;
  list.forEach((element, i) => {
    set.call(view, i * size, wide ? BigInt(element as string) : Number(element), true);
  });
  return { ...rest, rawData: Buffer.from(view.buffer).toString('base64') };
}
