import { EspalierError } from '../errors.ts';
import type { Builder } from '../graph/builder.ts';
import { type Node, nodeLabel, staticShape, type Value } from '../graph/graph.ts';
import { attributesOf, inputsOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { appendActivation, composedActivation } from './activation-forms.ts';

/** What the training form of a node can use of the step graph under construction. */
export interface ForwardScope {
  readonly g: Builder;
  /** Declares `next` as the next state of `value`. */
  setNext(value: Value, next: Value): void;
  /** Turns a fixed initializer into state of the step, and returns its current value. */
  asState(value: Value): Value;
  /** What a node reads in place of one of its inputs. */
  reads(node: Node, index: number, value: Value): Value;
  /** A random 0/1 mask, scaled by 1/(1 − ratio), that is an input and drawn anew in each step. */
  dropoutMask(ratio: number, shape: readonly number[]): Value;
}

type TrainingForm = (node: Node, scope: ForwardScope) => Value;

/** Operators with a different form in training. All others are copied unchanged. */
const trainingForms: { readonly [Op in OperatorName]?: TrainingForm } = {
  BatchNormalization(node, { g, setNext, asState }) {
    const { x, scale, bias, mean, variance } = inputsOf(node, 'BatchNormalization');
    const { epsilon, momentum } = attributesOf(node, 'BatchNormalization');
    const running = [asState(mean), asState(variance)] as const;
    const [y, newMean, newVariance] = g
      .named(node.name || 'BatchNormalization')
      .BatchNormalizationTraining(x, scale, bias, ...running, { epsilon, momentum });
    setNext(mean, newMean);
    setNext(variance, newVariance);
    return y;
  },
  /** y = max(x, 0) + slope·min(x, 0), whose parts and their gradients every engine computes fast. */
  PRelu(node, { g }) {
    const { x, slope } = inputsOf(node, 'PRelu');
    return g.Add(g.Relu(x), g.Mul(g.Min(x, g.floats(0)), slope));
  },
  Dropout(node, { g, dropoutMask }) {
    const { x, ratio: given } = inputsOf(node, 'Dropout');
    const ratio = Number(given?.tensor?.data[0] ?? attributesOf(node, 'Dropout').ratio);
    return ratio > 0 ? g.Mul(x, dropoutMask(ratio, staticShape(x))) : g.Identity(x);
  },
};

/** Re-appends a network's nodes in their training form. */
export function appendForward(nodes: readonly Node[], scope: ForwardScope, current: Map<Value, Value>): void {
  const { g } = scope;
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  const now = (value: Value): Value => current.get(value) ?? value;
  for (const node of nodes) {
    const op = knownOperator(node);
    if (!op)
      throw new EspalierError('unsupported', 'has no gradient rule: unknown operator', {
        where: nodeLabel(node),
      });
    const given = node.inputs.map((value) => value && now(value));
    const inputs = given.map((value, index) => value && scope.reads(node, index, value));
    const activation = composedActivation(node, (value) => producers.get(value));
    if (activation && inputs.every((value, index) => value === given[index])) {
      current.set(requiredOutput(node), appendActivation(g, { ...activation, x: now(activation.x) }));
      continue;
    }
    const appended = { ...node, inputs };
    const form = trainingForms[op];
    if (form) {
      current.set(requiredOutput(node), form(appended, scope));
      continue;
    }
    g.graph.nodes.push(appended);
  }
}

function requiredOutput(node: Node): Value {
  const [first, ...others] = node.outputs;
  if (first && others.every((value) => !value)) return first;
  throw new EspalierError('unsupported', 'expected one output in a network to train', {
    where: nodeLabel(node),
  });
}
