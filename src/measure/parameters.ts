import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOperator, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { capturedValues } from '../graph/topology.ts';
import { type DataType, elementCount } from '../numeric/tensor.ts';

/** Inputs, by position, that hold settings or statistics and are not learned. */
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

/** Floating-point types, and the integers that quantised weights are stored in. Shapes and indices are int32 and int64. */
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
 * The learned tensors that each node reads, none twice: a shared one belongs to its first reader. Integers belong to who
 * reads the numbers that they stand for. As in the published counts, running statistics of BatchNormalization do not count,
 * nor do scalars, bounds, shapes and indices.
 */
export function learnedParameters(graph: Graph): Map<Node, Value[]> {
  const codes = storedCodes(graph);
  // What a node gives of stored integers is no parameter beside them.
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

/** The elements of a value with contents. */
export const elementsIn = (value: Value): number => elementCount(value.tensor!.shape);

/** Whether a node does nothing but decode integers that are stored. */
const isStored = (node: Node): boolean => isOperator(node, 'DequantizeLinear') && !!node.inputs[0]?.tensor;

/** The integers behind each value that they stand for. */
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
