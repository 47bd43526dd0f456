import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOneOf, isOperator, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { findClassScores, type ScoresSought } from '../measure/outputs/class-scores.ts';
import { elementCount } from '../numeric/tensor.ts';
import { flowOf, type LayerFlow } from './layer-flow.ts';

/** What a parameter does in its layer; decides on weight decay. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'shift';

/** A float32 initializer that training changes. */
export interface Parameter {
  readonly value: Value;
  readonly role: ParameterRole;
  /** The first node that reads it. */
  readonly node: Node;
}

/** A float32 initializer of more than one element that class scores depend on and training leaves as it is. */
export interface FixedValue {
  readonly value: Value;
  readonly reason: string;
}

/** The values that parameters are sought before. */
export interface ParametersSought extends ScoresSought {
  /** Default: the class scores, or all outputs where there are none. */
  readonly outputs?: readonly Value[];
}

const affine = [null, 'scale', 'shift'] as const;
const linear = [null, 'weight', 'bias'] as const;

/** The role of each input that is a parameter when it is an initializer. */
const inputRoles: { readonly [Op in OperatorName]?: readonly (ParameterRole | null)[] } = {
  Conv: linear,
  ConvTranspose: linear,
  Gemm: linear,
  MatMul: ['weight', 'weight'],
  BatchNormalization: affine,
  InstanceNormalization: affine,
  LayerNormalization: affine,
  GroupNormalization: affine,
  PRelu: [null, 'scale'],
};

/** Operators that carry other constants too (a mean to subtract, a mask, ½): what their initializers are depends on where they stand. */
const freeRoles: { readonly [Op in OperatorName]?: ParameterRole } = {
  Add: 'bias',
  Mul: 'scale',
  Concat: 'bias',
};

/**
 * The parameters of a network, in the order in which the graph reads them: float32 initializers that the class scores depend on, or other values that are named, and
 * that are
 * - a weight, bias, scale, shift or slope of a layer ({@link inputRoles}), but for the ones and zeros of an InstanceNormalization between
 *   two Reshapes, which is how exporters write GroupNormalization;
 * - of more than one element, added to or multiplied with what comes right from a layer, or from any layer on the way to another: the
 *   scale and shift of a normalisation that is written out, a layer's scale, an embedding of positions. A mask (0 and large
 *   negative numbers alone) is none;
 * - concatenated, as they are or expanded to the batch, to what comes from a layer, on the way to another: a class token. A
 *   constant of equal elements is none: it fills up channels.
 * All else stays: running statistics, what normalises the image in front of the first layer, operands of Sub and Div, single
 * numbers.
 */
export const trainableParameters = (graph: Graph, sought: ParametersSought = {}): Parameter[] => [
  ...classify(graph, sought).parameters.values(),
];

/** What training leaves as it is, and why; running statistics are left out. */
export function fixedValues(graph: Graph, sought: ParametersSought = {}): FixedValue[] {
  const { parameters, fixed } = classify(graph, sought);
  return [...fixed].flatMap(([value, reason]) => (parameters.has(value) ? [] : [{ value, reason }]));
}

const scoresOrOutputs = (graph: Graph, sought: ScoresSought): readonly Value[] => {
  const scores = findClassScores(graph, sought).value;
  return scores ? [scores] : graph.outputs;
};

interface Classified {
  readonly parameters: ReadonlyMap<Value, Parameter>;
  readonly fixed: ReadonlyMap<Value, string>;
}

function classify(graph: Graph, sought: ParametersSought): Classified {
  const flow = flowOf(graph, sought.outputs ?? scoresOrOutputs(graph, sought));
  const { uses } = connections(graph);
  const parameters = new Map<Value, Parameter>();
  const fixed = new Map<Value, string>();
  for (const node of flow.nodes) {
    node.inputs.forEach((input, index) => {
      const value = input && flow.initializerOf(input);
      if (value?.dtype !== 'float32' || parameters.has(value)) return;
      const found = roleOf({ node, index, value }, flow, () => readersOf(node, uses));
      if (found === null) return;
      if ('role' in found) parameters.set(value, { value, role: found.role, node });
      else if (elementCount(value.tensor!.shape) > 1) fixed.set(value, found.reason);
    });
  }
  return { parameters, fixed };
}

interface ParameterUse {
  readonly node: Node;
  readonly index: number;
  readonly value: Value;
}

type ParameterReading = { readonly role: ParameterRole } | { readonly reason: string } | null;

function roleOf(
  { node, index, value }: ParameterUse,
  flow: LayerFlow,
  readers: () => readonly string[],
): ParameterReading {
  const op = knownOperator(node);
  const roles = op && inputRoles[op];
  if (roles) {
    const role = roles[index] ?? null;
    if (!role) return null;
    const inGroups =
      isOperator(node, 'InstanceNormalization') && readers().every((reader) => reader === 'Reshape');
    if (inGroups && isUniform(value)) return { reason: 'normalises groups of channels' };
    return { role };
  }
  const role = op && freeRoles[op];
  if (!role) return isElementwise(node) ? { reason: `is an operand of ${node.op}` } : null;
  if (elementCount(value.tensor!.shape) < 2) return null;
  if (isOperator(node, 'Add') && isMask(value)) return { reason: 'is a mask' };
  if (isOperator(node, 'Concat') && isUniform(value)) return { reason: 'is a padding value' };
  if (!isOperator(node, 'Concat') && flow.isRightBehind(node)) return { role };
  if (!flow.isBehind(node)) return { reason: 'precedes the first layer' };
  return flow.isAhead(node) ? { role } : { reason: 'follows the last layer' };
}

const isElementwise = isOneOf('Sub', 'Div', 'Pow', 'Min', 'Max', 'Where');

function readersOf({ outputs }: Node, uses: ReturnType<typeof connections>['uses']): string[] {
  return (outputs[0] ? (uses.get(outputs[0]) ?? []) : []).map(({ node }) => node?.op ?? '');
}

const isUniform = ({ tensor }: Value): boolean => {
  const data = tensor!.data as Float32Array;
  return data.every((number) => number === data[0]);
};

/** What is added to attention so that some places are left out. */
const isMask = ({ tensor }: Value): boolean => {
  const data = tensor!.data as Float32Array;
  return data.some((number) => number <= -100) && data.every((number) => number === 0 || number <= -100);
};
