import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOperator, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { capturedValues } from '../graph/topology.ts';
import { type DataType, elementCount } from '../numeric/tensor.ts';

/** Inputs, by index, that are settings or statistics and are not learned. */
const notLearned: { readonly [Op in OperatorName]?: readonly number[] } = {
  BatchNormalization: [3, 4], // running mean and variance
  Clip: [1, 2],
  Dropout: [1],
  OneHot: [2],
  Pad: [2],
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
  QLinearConv: [1, 2, 4, 5, 6, 7],
  QLinearMatMul: [1, 2, 4, 5, 6, 7],
  Range: [0, 1, 2],
  Resize: [1, 2],
  Upsample: [1],
};

/** Floating-point types, and the integer types of quantised weights. Shapes and indices are int32 and int64. */
const learnedTypes: ReadonlySet<DataType> = new Set([
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'float4e2m1',
  'int8',
  'uint8',
  'int4',
  'uint4',
]);

/**
 * The learned tensors of each node; a shared tensor belongs to its first reader. Quantised weights belong to the reader of
 * the dequantised value. As in published figures, running statistics of BatchNormalization, scalars, bounds, shapes and
 * indices do not count.
 */
export function learnedParameters(graph: Graph): Map<Node, Value[]> {
  const codes = storedCodes(graph);
  // Dequantised values of stored integers do not count in addition to the integers.
  const seen = new Set<Value | null>(
    graph.nodes.flatMap((node) => (isOperator(node, 'DequantizeLinear') ? node.outputs : [])),
  );
  const parameters = new Map<Node, Value[]>();
  for (const node of graph.nodes) {
    const op = knownOperator(node);
    const excluded = (op && notLearned[op]) ?? [];
    if (isStored(node)) continue;
    const read = [...node.inputs.filter((_, index) => !excluded.includes(index)), ...capturedValues(node)];
    const own = read.flatMap((value) => learnedIn(value, codes)).filter((value) => !seen.has(value));
    for (const value of own) seen.add(value);
    parameters.set(node, [...new Set(own)]);
  }
  return parameters;
}

/** The number of elements of a value with contents. */
export const elementsIn = (value: Value): number => elementCount(value.tensor!.shape);

/** Whether a node only dequantises stored integers. */
const isStored = (node: Node): boolean => isOperator(node, 'DequantizeLinear') && !!node.inputs[0]?.tensor;

/** The stored integers of each dequantised value. */
function storedCodes(graph: Graph): Map<Value | null | undefined, Value> {
  return new Map(graph.nodes.filter(isStored).map((node) => [node.outputs[0], node.inputs[0]!]));
}

function learnedIn(value: Value | null, codes: ReturnType<typeof storedCodes>): Value[] {
  const stored = codes.get(value);
  if (stored) return stored.tensor!.shape.length > 0 ? [stored] : [];
  return isLearned(value) ? [value] : [];
}

function isLearned(value: Value | null): value is Value {
  if (!value?.tensor || value.tensor.shape.length === 0) return false;
  return learnedTypes.has(value.tensor.dtype);
}
