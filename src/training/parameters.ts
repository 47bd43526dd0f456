import type { Graph, Node, Value } from '../graph/graph.ts';
import { isOneOf, isOperator, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { findClassScores, type ScoresSought } from '../measure/outputs/class-scores.ts';
import { elementCount } from '../numeric/tensor.ts';
import { flowOf, type LayerFlow } from './layer-flow.ts';

/** The role of a parameter in its layer. Weight decay can be limited to some roles. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'shift';

/** A float32 initializer that training changes. */
export interface Parameter {
  readonly value: Value;
  readonly role: ParameterRole;
  /** The first node that reads it. */
  readonly node: Node;
}

/** A float32 initializer with more than one element that the class scores depend on and training does not change. */
export interface FixedValue {
  readonly value: Value;
  readonly reason: string;
}

/** The values that parameters are searched for. */
export interface ParametersSought extends ScoresSought {
  /** Parameters must contribute to these values. Default: the class scores, or all outputs if there are none. */
  readonly outputs?: readonly Value[];
}

const affine = [null, 'scale', 'shift'] as const;
const linear = [null, 'weight', 'bias'] as const;

/** By operator and input: the role of an initializer there. */
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

/**
 * Operators whose initializers may also be other constants (a mean to subtract, a mask, ½): whether such an initializer is a
 * parameter depends on its position in the network.
 */
const freeRoles: { readonly [Op in OperatorName]?: ParameterRole } = {
  Add: 'bias',
  Mul: 'scale',
  Concat: 'bias',
};

/**
 * The trainable parameters of a network, in graph order: float32 initializers that contribute to the class scores or to the
 * given values, and that are one of
 * - a weight, bias, scale, shift or slope of a layer ({@link inputRoles}), except the ones and zeros of an
 *   InstanceNormalization between two Reshapes, which is how exporters write GroupNormalization;
 * - with more than one element, added to or multiplied by the output of a layer, or by a later value before another layer: the
 *   scale and shift of a normalisation that is exported as separate operators, a layer scale, a position embedding. Masks, which
 *   contain only 0 and large negative numbers, are excluded;
 * - concatenated, directly or expanded to the batch, to a value between two layers: a class token. Constants with equal elements,
 *   which pad channels, are excluded.
 * All other initializers are not trained: running statistics, constants that normalise the image before the first layer,
 * operands of Sub and Div, single numbers.
 */
export const trainableParameters = (graph: Graph, sought: ParametersSought = {}): Parameter[] => [
  ...classify(graph, sought).parameters.values(),
];

/** The values that training does not change, with the reason. Running statistics are not listed. */
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

/** Whether an initializer is a mask that is added to attention scores: only 0 and large negative numbers. */
const isMask = ({ tensor }: Value): boolean => {
  const data = tensor!.data as Float32Array;
  return data.some((number) => number <= -100) && data.every((number) => number === 0 || number <= -100);
};
