import { EspalierError } from '../errors.ts';
import type { Builder } from '../graph/builder.ts';
import { type Graph, type Node, nodeLabel, requiredInput, staticShape, type Value } from '../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';

/** What the training form of a node needs of the step that is being built. */
export interface ForwardScope {
  readonly g: Builder;
  /** Declares that the state `value` becomes `next`. */
  setNext(value: Value, next: Value): void;
  /** Makes a fixed initializer part of the step's state. */
  asState(value: Value): Value;
  /** A random 0/1 mask input, scaled by 1/(1 − ratio), drawn anew for each step. */
  dropoutMask(ratio: number, shape: readonly number[]): Value;
}

type TrainingForm = (node: Node, inputs: readonly (Value | null)[], scope: ForwardScope) => Value;

/** Nodes that compute something else while training. All others stay as they are. */
const trainingForms: { readonly [Op in OperatorName]?: TrainingForm } = {
  BatchNormalization(node, [x, scale, bias, mean, variance], { g, setNext, asState }) {
    const { epsilon, momentum } = attributesOf(node, 'BatchNormalization');
    const running = [asState(mean!), asState(variance!)] as const;
    const [y, newMean, newVariance] = g
      .named(node.name || 'BatchNormalization')
      .BatchNormalizationTraining(x, scale, bias, ...running, { epsilon, momentum });
    setNext(running[0], newMean);
    setNext(running[1], newVariance);
    return y;
  },
  Dropout(node, [x, ratioInput], { g, dropoutMask }) {
    const ratio = Number(ratioInput?.tensor?.data[0] ?? attributesOf(node, 'Dropout').ratio);
    return ratio > 0 ? g.Mul(x, dropoutMask(ratio, staticShape(x!))) : g.Identity(x);
  },
};

/** Re-appends a network's nodes in their training form; returns the logits [N, classes]. */
export function appendForward(
  nodes: readonly Node[],
  model: Graph,
  scope: ForwardScope,
  current: Map<Value, Value>,
): Value {
  const { g } = scope;
  const last = logitsOf(model, nodes);
  for (const node of nodes) {
    const op = knownOperator(node);
    if (!op)
      throw new EspalierError('unsupported', 'has no gradient rule: unknown operator', {
        where: nodeLabel(node),
      });
    const inputs = node.inputs.map((value) => value && (current.get(value) ?? value));
    const form = trainingForms[op];
    if (form) {
      current.set(requiredOutput(node), form(node, inputs, scope));
      continue;
    }
    g.graph.nodes.push({ ...node, inputs });
  }
  return current.get(last) ?? last;
}

function requiredOutput(node: Node): Value {
  const [first, ...others] = node.outputs;
  if (first && others.every((value) => !value)) return first;
  throw new EspalierError('unsupported', 'expected one output in a network to train', {
    where: nodeLabel(node),
  });
}

/** The network's first output; where it ends in Softmax, what goes in there. */
export function logitsOf(model: Graph, nodes: readonly Node[]): Value {
  const output = model.outputs[0]!;
  const last = nodes.find((node) => node.outputs.includes(output));
  const normalized = last && (last.op === 'Softmax' || last.op === 'LogSoftmax') && last.domain === '';
  const logits = normalized ? requiredInput(last, 0) : output;
  if (logits.shape?.length === 2) return logits;
  const message = `expected class scores [N, classes], found [${logits.shape ?? '?'}]`;
  throw new EspalierError('unsupported', message, { where: logits.name });
}
