import type { Graph, Node, Value } from '../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../graph/operators/index.ts';

type Rule = (node: Node, known: ReadonlySet<Value>) => boolean;

const always: Rule = () => true;
const ifInputs: Rule = ({ inputs }, known) =>
  inputs.every((value) => !value || known.has(value) || isNonNegative(value));
const ifFirst: Rule = ({ inputs: [x] }, known) => !!x && known.has(x);
const ifAny: Rule = ({ inputs }, known) =>
  inputs.some((value) => value && (known.has(value) || isNonNegative(value)));

const isNonNegative = ({ tensor }: Value): boolean =>
  tensor?.dtype === 'float32' && (tensor.data as Float32Array).every((number) => number >= 0);

/** Operators whose results are never negative: always, or under a condition on their inputs. */
const rules: { readonly [Op in OperatorName]?: Rule } = {
  Relu: always,
  Sigmoid: always,
  HardSigmoid: always,
  Softmax: always,
  Exp: always,
  Abs: always,
  Sqrt: always,
  Clip: ({ inputs: [, low] }) => !!low && isNonNegative(low),
  Max: ifAny,
  Min: ifInputs,
  Add: ifInputs,
  Mul: ifInputs,
  Concat: ifInputs,
  MaxPool: ifFirst,
  AveragePool: ifFirst,
  GlobalAveragePool: ifFirst,
  Identity: ifFirst,
  Dropout: ifFirst,
  Reshape: ifFirst,
  Flatten: ifFirst,
  Squeeze: ifFirst,
  Unsqueeze: ifFirst,
  Transpose: ifFirst,
  Split: ifFirst,
  Slice: ifFirst,
};

/** The values that are never negative, for any inputs of the graph. */
export function nonNegativeValues({ nodes }: Graph): ReadonlySet<Value> {
  const known = new Set<Value>();
  for (const node of nodes) {
    const op = knownOperator(node);
    if (!op || !rules[op]?.(node, known)) continue;
    for (const output of node.outputs) if (output) known.add(output);
  }
  return known;
}
