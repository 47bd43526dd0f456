import type { Graph, Node, Value } from '../graph/graph.ts';
import { connections } from '../graph/topology.ts';

/** The smallest and largest number that a value can contain. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

const ANY: ValueRange = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** Derives ranges from a graph: of activations, and of operators that pass numbers through; unbounded if nothing is known. */
export function rangesOf(graph: Graph): (value: Value) => ValueRange {
  const { producer } = connections(graph);
  const known = new Map<Value, ValueRange>();
  const rangeOf = (value: Value): ValueRange => {
    const found = known.get(value) ?? constantRange(value);
    if (found) return found;
    const node = producer.get(value);
    const rule = node && node.domain === '' ? rules[node.op] : undefined;
    known.set(value, ANY); // marks the value as visited
    const range =
      node && rule ? rule(node, (index) => (node.inputs[index] ? rangeOf(node.inputs[index]!) : ANY)) : ANY;
    known.set(value, range);
    return range;
  };
  return rangeOf;
}

function constantRange({ tensor }: Value): ValueRange | null {
  if (tensor?.dtype !== 'float32') return null;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of tensor.data as Float32Array) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return { low, high };
}

type Rule = (node: Node, input: (index: number) => ValueRange) => ValueRange;

const same: Rule = (_node, input) => input(0);
const unit: Rule = () => ({ low: 0, high: 1 });
const atLeastZero: Rule = (_node, input) => ({
  low: Math.max(0, input(0).low),
  high: Math.max(0, input(0).high),
});
/** Includes 0, for windows over zero padding. */
const withZero: Rule = (_node, input) => ({
  low: Math.min(0, input(0).low),
  high: Math.max(0, input(0).high),
});
const union: Rule = ({ inputs }, input) => ({
  low: Math.min(...inputs.map((_, i) => input(i).low)),
  high: Math.max(...inputs.map((_, i) => input(i).high)),
});

const rules: Readonly<Record<string, Rule>> = {
  Relu: atLeastZero,
  Clip({ inputs }, input) {
    const bound = (index: number, otherwise: number) =>
      inputs[index]?.tensor ? Number(inputs[index].tensor.data[0]) : otherwise;
    const [low, high] = [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
    const given = input(0);
    return { low: Math.min(Math.max(given.low, low), high), high: Math.max(Math.min(given.high, high), low) };
  },
  Sigmoid: unit,
  HardSigmoid: unit,
  Softmax: unit,
  Tanh: () => ({ low: -1, high: 1 }),
  Identity: same,
  Dropout: same,
  MaxPool: same,
  GlobalMaxPool: same,
  GlobalAveragePool: same,
  AveragePool: withZero,
  Flatten: same,
  Reshape: same,
  Transpose: same,
  Squeeze: same,
  Unsqueeze: same,
  Slice: same,
  Gather: same,
  Split: same,
  Pad: withZero,
  Concat: union,
  Max: ({ inputs }, input) => ({
    low: Math.max(...inputs.map((_, i) => input(i).low)),
    high: Math.max(...inputs.map((_, i) => input(i).high)),
  }),
  Min: ({ inputs }, input) => ({
    low: Math.min(...inputs.map((_, i) => input(i).low)),
    high: Math.min(...inputs.map((_, i) => input(i).high)),
  }),
  Add: (_node, input) => ({ low: input(0).low + input(1).low, high: input(0).high + input(1).high }),
  Mul(_node, input) {
    const [a, b] = [input(0), input(1)];
    const isPositive = a.low >= 0 && b.low >= 0;
    return isPositive ? { low: 0, high: Number.POSITIVE_INFINITY } : ANY;
  },
};
