import type { DataType } from '../../numeric/tensor.ts';
import type { Dim, Graph, Node, Shape, Value } from '../graph.ts';
import { attributesOf, inputsOf, knownOperator, type OperatorName } from '../operators/index.ts';
import { subgraphs } from '../topology.ts';
import { broadcastShapes } from './broadcasting.ts';
import { joiningShapes } from './concat-split-slice.ts';
import { constantShapes } from './constant.ts';
import { controlFlowShapes } from './control-flow.ts';
import { convolutionShapes } from './convolution.ts';
import { shapeFrom } from './dims.ts';
import { unaryShapes } from './elementwise.ts';
import { indexingShapes } from './indexing.ts';
import { matrixShapes } from './matrix.ts';
import { normalizationShapes } from './normalization.ts';
import { poolingShapes } from './pooling.ts';
import { quantizationShapes } from './quantization.ts';
import { reductionShapes } from './reduction.ts';
import { resamplingShapes } from './resampling.ts';
import { reshapeShapes } from './reshape.ts';
import { type Inferred, LONGEST_CONTENTS, type ShapeCall, type ShapeRule } from './rule.ts';
import { trainingShapes } from './training.ts';
import { expectWholeOperands } from './whole-operands.ts';

/** One rule per operator; a missing one does not compile. */
export const shapeRules: { readonly [Op in OperatorName]: ShapeRule<Op> } = {
  ...unaryShapes,
  ...broadcastShapes,
  ...matrixShapes,
  ...convolutionShapes,
  ...quantizationShapes,
  ...normalizationShapes,
  ...poolingShapes,
  ...resamplingShapes,
  ...reductionShapes,
  ...reshapeShapes,
  ...joiningShapes,
  ...indexingShapes,
  ...constantShapes,
  ...controlFlowShapes,
  ...trainingShapes,
};

/** Known elements of small numeric values, such as computed shapes. */
export type KnownElements = Map<Value, readonly Dim[]>;

/** Infers the output types of a node and stores them; outputs of unknown operators are not changed. */
export function inferNode(
  node: Node,
  opsets: Readonly<Record<string, number>>,
  contents: KnownElements,
): void {
  const op = knownOperator(node);
  if (!op) return;
  expectWholeOperands(node);
  const rule = shapeRules[op] as ShapeRule<OperatorName>;
  const call: ShapeCall<OperatorName> = {
    node,
    attributes: attributesOf(node, op) as ShapeCall<OperatorName>['attributes'],
    inputs: inputsOf(node, op),
    opset: opsets[node.domain] ?? 1,
    contents: (input) => contentsOf(input, contents),
    elements: (input) => elementsOf(input, contents),
  };
  rule(call).forEach((inferred, index) => {
    const output = node.outputs[index];
    if (inferred.shape) shapeFrom(node, inferred.shape); // throws if a number is no dimension
    if (output) store(output, inferred, contents);
  });
}

/**
 * Infers the types of a graph in place, including subgraphs. Inferred types replace those from the file. Returns the known
 * elements of small tensors. Throws `shape` if the inputs of a node do not fit together.
 */
export function inferShapes(graph: Graph): KnownElements {
  const contents: KnownElements = new Map();
  inferInto(graph, contents);
  return contents;
}

function inferInto(graph: Graph, contents: KnownElements): void {
  for (const node of graph.nodes) {
    for (const body of subgraphs(node)) inferInto(body, contents);
    inferNode(node, graph.opsets, contents);
  }
}

function store(output: Value, inferred: Inferred, contents: KnownElements): void {
  if (inferred.dtype) output.dtype = inferred.dtype;
  if (inferred.shape) output.shape = refine(inferred.shape, output.shape);
  if (inferred.contents) contents.set(output, rounded(inferred.contents, output.dtype));
  if (inferred.tensor) output.tensor = inferred.tensor;
}

/** Converts elements to their type. */
function rounded(contents: readonly Dim[], dtype: DataType | null): readonly Dim[] {
  if (dtype !== 'float32') return contents;
  return contents.map((element) => (typeof element === 'number' ? Math.fround(element) : element));
}

/** The inferred shape, whose open dimensions are filled from the previous shape. */
function refine(inferred: Shape, known: Shape | null): Shape {
  return known?.length === inferred.length ? inferred.map((dim, i) => dim ?? known[i] ?? null) : inferred;
}

/** {@link elementsOf} a value of rank 0 or 1. */
export const contentsOf = (
  value: Value | null | undefined,
  contents: KnownElements,
): readonly Dim[] | null => ((value?.shape?.length ?? 0) <= 1 ? elementsOf(value, contents) : null);

/** The known elements of a small numeric value in row-major order: a constant's, or inferred ones; null if none is known. */
function elementsOf(value: Value | null | undefined, contents: KnownElements): readonly Dim[] | null {
  if (!value) return null;
  const { tensor } = value;
  if (!tensor) return contents.get(value) ?? null;
  const followed = numeric.has(tensor.dtype) && tensor.data.length <= LONGEST_CONTENTS;
  return followed ? Array.from(tensor.data as ArrayLike<number | bigint>, Number) : null;
}

/** Element types whose arrays contain the elements directly. */
const numeric: ReadonlySet<string> = new Set(['int64', 'int32', 'float32', 'float64', 'bool']);
