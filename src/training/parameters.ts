import type { Graph, Node, Value } from '../graph/graph.ts';
import { knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { elementCount } from '../numeric/tensor.ts';

/** What a parameter does in its layer; decides on weight decay. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'shift';

/** A float32 initializer that training changes. */
export interface Parameter {
  readonly value: Value;
  readonly role: ParameterRole;
  /** The first node that reads it. */
  readonly node: Node;
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
  Add: ['bias', 'bias'],
  Mul: ['scale', 'scale'],
};

/** Elementwise operators carry constants too (a mean to subtract, ½): theirs are parameters only behind a layer. */
const elementwise: ReadonlySet<string> = new Set(['Add', 'Mul']);
const layers: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'Gemm',
  'MatMul',
  'BatchNormalization',
  'LayerNormalization',
]);

/** The parameters of a network, in the order in which the graph reads them. */
export function trainableParameters(graph: Graph): Parameter[] {
  const { producer } = connections(graph);
  const initializers = new Set(graph.initializers);
  const found = new Map<Value, Parameter>();
  for (const node of graph.nodes) {
    const op = knownOperator(node);
    const roles = (op && inputRoles[op]) ?? [];
    node.inputs.forEach((value, index) => {
      const role = roles[index];
      if (!value || !role || found.has(value) || !initializers.has(value) || value.dtype !== 'float32')
        return;
      const behindLayer = node.inputs.some((input) => input && layers.has(producer.get(input)?.op ?? ''));
      if (elementwise.has(node.op) && !(behindLayer && elementCount(value.tensor!.shape) > 1)) return;
      found.set(value, { value, role, node });
    });
  }
  return [...found.values()];
}
