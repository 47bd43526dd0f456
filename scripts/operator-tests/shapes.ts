import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { formatShape, type Graph, type Value } from '../../src/graph/graph.ts';
import { knownOperator } from '../../src/graph/operators/index.ts';
import { elementType } from '../../src/graph/shapes/element-types.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { type DataType, makeTensor, type Tensor, viewBytes } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';

/** Operators whose results have sizes that only a run can tell. */
const dataDependent = new Set(['NonZero', 'NonMaxSuppression']);

/** The oldest opset that is read. */
const OLDEST = 7;

export type ShapeVerdict = 'agree' | 'outside' | { readonly disagreement: string };

/** Whether shape inference finds the types of the outputs that a test expects. */
export function checkShapes(directory: string): ShapeVerdict {
  const graph = readModelFile(join(directory, 'model.onnx'));
  const outputs = graph.outputs.map((_, i) => join(directory, 'test_data_set_0', `output_${i}.pb`));
  // Before opset 7, broadcasting was an attribute.
  if ((graph.opsets[''] ?? OLDEST) < OLDEST) return 'outside';
  const dense = [...graph.inputs, ...graph.outputs].every((value) => !value.otherType);
  if (!dense || !outputs.every(existsSync) || !graph.nodes.every(knownOperator)) return 'outside';
  const declared = graph.outputs.map((value) => value.dtype);
  feed(graph, join(directory, 'test_data_set_0'));
  forget(graph);
  try {
    inferShapes(graph);
  } catch (error) {
    return { disagreement: String(error) };
  }
  const differences = graph.outputs.flatMap((value, i) => {
    const expected = readTensor(outputs[i]!);
    // NumPy has no bfloat16: these tests carry its bits as uint16.
    const carried = declared[i] === 'bfloat16' && elementType(expected.dataType) === 'uint16';
    const dtype = carried ? declared[i]! : elementType(expected.dataType);
    return difference(graph, value, { dtype, shape: expected.dims.map(Number) });
  });
  return differences.length === 0 ? 'agree' : { disagreement: differences.join('; ') };
}

/** Inputs become known: their shapes, and their contents for the operators that read shapes from them. */
function feed(graph: Graph, directory: string): void {
  graph.inputs.forEach((value, i) => {
    const path = join(directory, `input_${i}.pb`);
    if (!existsSync(path)) return;
    const proto = readTensor(path);
    value.shape = proto.dims.map(Number);
    value.tensor = contentsOf(proto);
  });
}

function forget(graph: Graph): void {
  const computed = graph.nodes.flatMap((node) => node.outputs);
  for (const value of computed) if (value) Object.assign(value, { dtype: null, shape: null });
}

interface Expected {
  readonly dtype: DataType | null;
  readonly shape: readonly number[];
}

function difference(graph: Graph, value: Value, { dtype, shape }: Expected): string[] {
  const open = graph.nodes.some((node) => dataDependent.has(node.op));
  const fits =
    value.shape?.length === shape.length &&
    value.shape.every((dim, axis) => dim === shape[axis] || (open && dim === null));
  if (fits && value.dtype === dtype) return [];
  return [`${value.name}: expected ${dtype} [${shape}], inferred ${value.dtype} ${formatShape(value.shape)}`];
}

function readTensor(path: string): TensorProto {
  return fromBinary(TensorProtoSchema, readFileSync(path));
}

function contentsOf(proto: TensorProto): Tensor | null {
  const dtype = elementType(proto.dataType);
  if (dtype === null || dtype === 'string') return null;
  return makeTensor(dtype, proto.dims.map(Number), elements(dtype, proto));
}

function elements(dtype: Exclude<DataType, 'string'>, proto: TensorProto): Tensor['data'] {
  if (proto.rawData.length > 0) return viewBytes(dtype, proto.rawData);
  if (proto.int64Data.length > 0) return BigInt64Array.from(proto.int64Data);
  if (proto.int32Data.length > 0) return Int32Array.from(proto.int32Data);
  return Float32Array.from(proto.floatData);
}
