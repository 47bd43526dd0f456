import { clearField, clone, create } from '@bufbuild/protobuf';
import {
  FunctionProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from 'onnx-buf';

/** Bytes by the name of their file. */
export type Side = Readonly<Record<string, Uint8Array>>;

/** A file that says the same, or about the same, in another way. */
export type Conversion = (model: ModelProto) => { readonly model: ModelProto; readonly files?: Side };

const changed = (model: ModelProto, change: (copy: ModelProto) => void): ModelProto => {
  const copy = clone(ModelProtoSchema, model);
  change(copy);
  return copy;
};

const weights = (model: ModelProto): TensorProto[] =>
  model.graph!.initializer.filter(({ dataType, rawData }) => dataType === 1 && rawData.length > 16);

export const conversions: readonly Conversion[] = [
  /** All weights outside of the file. */
  (model) => {
    const parts: Uint8Array[] = [];
    let offset = 0;
    const converted = changed(model, (copy) => {
      for (const tensor of weights(copy)) {
        const entries = [
          { key: 'location', value: 'weights.bin' },
          { key: 'offset', value: String(offset) },
          { key: 'length', value: String(tensor.rawData.length) },
        ];
        tensor.externalData = entries.map((entry) => create(StringStringEntryProtoSchema, entry));
        tensor.dataLocation = 1;
        parts.push(tensor.rawData);
        offset += tensor.rawData.length;
        clearField(tensor, TensorProtoSchema.field.rawData);
      }
    });
    return { model: converted, files: { 'weights.bin': Buffer.concat(parts) } };
  },
  /** Weights as lists of numbers in place of bytes. */
  (model) => ({
    model: changed(model, (copy) => {
      for (const tensor of weights(copy)) {
        const bytes = Uint8Array.from(tensor.rawData);
        tensor.floatData = [...new Float32Array(bytes.buffer)];
        clearField(tensor, TensorProtoSchema.field.rawData);
      }
    }),
  }),
  /** float16 throughout. */
  (model) => ({
    model: changed(model, (copy) => {
      for (const tensor of weights(copy)) {
        const numbers = new Float32Array(Uint8Array.from(tensor.rawData).buffer);
        tensor.rawData = new Uint8Array(Uint16Array.from(numbers, halfBits).buffer);
        tensor.dataType = 10;
      }
      declareHalf(copy.graph!);
    }),
  }),
  /** Relu as a function of the model, that calls ONNX's. */
  (model) => ({
    model: changed(model, (copy) => {
      const domain = 'example.functions';
      copy.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version: 1n }));
      copy.functions.push(
        create(FunctionProtoSchema, {
          domain,
          name: 'Activation',
          input: ['x'],
          output: ['y'],
          opsetImport: copy.opsetImport.filter((opset) => opset.domain === ''),
          node: [create(NodeProtoSchema, { opType: 'Relu', input: ['x'], output: ['y'] })],
        }),
      );
      for (const node of copy.graph!.node)
        if (node.opType === 'Relu') Object.assign(node, { opType: 'Activation', domain });
    }),
  }),
  /** The first weight as a sparse initializer. */
  (model) => ({
    model: changed(model, (copy) => {
      const [dense] = weights(copy);
      if (!dense) return;
      const graph = copy.graph!;
      graph.initializer = graph.initializer.filter((other) => other !== dense);
      const indices = create(TensorProtoSchema, { dims: [2n], dataType: 7, int64Data: [0n, 3n] });
      const values = create(TensorProtoSchema, {
        name: dense.name,
        dims: [2n],
        dataType: 1,
        floatData: [1, 2],
      });
      graph.sparseInitializer.push(create(SparseTensorProtoSchema, { values, indices, dims: dense.dims }));
    }),
  }),
];

/** What is declared float32, in bodies too, is declared float16. */
function declareHalf(graph: GraphProto): void {
  for (const { type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (type?.value.case === 'tensorType' && type.value.value.elemType === 1) type.value.value.elemType = 10;
  }
  for (const { attribute } of graph.node) for (const { g } of attribute) if (g) declareHalf(g);
}

/** The bits of the nearest float16 of what lies well within its range; smaller numbers are zero. */
function halfBits(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  const exponent = ((bits >>> 23) & 255) - 112;
  return exponent <= 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
}
