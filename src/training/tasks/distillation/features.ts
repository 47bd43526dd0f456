import { formatShape, type Graph, type Node, staticShape, type Value } from '../../../graph/graph.ts';
import { isOneOf, isOperator } from '../../../graph/operators/index.ts';
import { traitsOf } from '../../../graph/operators/traits.ts';
import { type Connections, connections } from '../../../graph/topology.ts';
import type { DistilledPair } from './pairs.ts';

/** A value of the teacher at which a block ends. */
export interface Feature {
  /** Its name in both networks. */
  readonly teacher: string;
  /** The shape in a training step. */
  readonly shape: readonly number[];
  /** The operator that computes it. */
  readonly op: string;
  /** The error is divided by the mean variance over channels: many channels behind a Relu are nearly constant. */
  readonly perChannel: false;
}

/**
 * The values at which the blocks of a teacher end: sums of two branches (after their activation, if the sum has no other
 * reader), and inputs of convolutions and pools with strides. Only values whose name exists in the student, and that are not
 * compared as outputs.
 */
export function featuresOf(teacher: Graph, student: Graph, outputs: readonly DistilledPair[]): Feature[] {
  const links = connections(teacher);
  const known = new Set(student.nodes.flatMap((node) => node.outputs.map((value) => value?.name)));
  for (const pair of outputs) known.delete(pair.teacher);
  const ends = teacher.nodes.flatMap((node) => {
    const end = isSum(node, links) ? behindActivation(node, links) : readAtLowerResolution(node);
    return end && links.producer.has(end) && known.has(end.name) ? [end] : [];
  });
  return [...new Set(ends)].map((value) => {
    return {
      teacher: value.name,
      shape: staticShape(value),
      op: links.producer.get(value)!.op,
      perChannel: false,
    };
  });
}

/** The features that the student computes with the same operator and shape. The weight is divided among them. */
export function sharedFeatures(
  network: Graph,
  features: readonly Feature[],
  featureWeight: number,
): DistilledPair[] {
  const made = new Map(
    network.nodes.flatMap(({ op, outputs }) => outputs.map((value) => [value?.name, { op, value }])),
  );
  const shared = features.filter(({ teacher: name, shape, op }) => {
    const own = made.get(name);
    return own?.op === op && formatShape(own.value?.shape ?? null) === formatShape(shape);
  });
  const weight = featureWeight / shared.length;
  return shared.map(({ teacher, shape }) => {
    return { output: teacher, student: teacher, teacher, shape, loss: 'mse', weight, axis: null };
  });
}

function isSum(node: Node, { producer }: Connections): boolean {
  const [sum] = node.outputs;
  if (!isOperator(node, 'Add') || !sum?.shape || sum.shape.length < 3) return false;
  const shape = formatShape(sum.shape);
  return node.inputs.every((value) => value && producer.has(value) && formatShape(value.shape) === shape);
}

function behindActivation({ outputs: [sum] }: Node, { uses }: Connections): Value | null {
  const [first, ...others] = (sum && uses.get(sum)) ?? [];
  const isActivation = first?.node && others.length === 0 && traitsOf(first.node).activation;
  return (isActivation ? first.node!.outputs[0] : sum) ?? null;
}

const lowersResolution = isOneOf('Conv', 'MaxPool', 'AveragePool');

function readAtLowerResolution(node: Node): Value | null {
  const [read, made] = [node.inputs[0], node.outputs[0]];
  if (!lowersResolution(node) || !read?.shape || !made?.shape) return null;
  return Number(made.shape[2]) < Number(read.shape[2]) ? read : null;
}
