import { type Graph, type Node, nodeLabel, type Value } from '../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { type Connections, connections } from '../graph/topology.ts';
import { int64s, toNumbers } from '../numeric/tensor.ts';
import { selectSlices } from './select.ts';

/** An initializer that is sliced along an axis when channels go; a channel takes `block` neighbouring slices. */
export interface Slicing {
  readonly value: Value;
  readonly axis: number;
  readonly block: number;
}

/**
 * The output channels of one convolution that nothing else shares: each reader, through channel-wise operators, is a
 * Conv, Gemm or MatMul that can lose the matching inputs. `select` keeps the given channels, in the given order.
 */
export interface PrivateChannels {
  readonly kind: 'private';
  readonly count: number;
  /** Where the channels are read at last, and what is read there. */
  readonly readers: readonly { readonly node: Node; readonly value: Value; readonly block: number }[];
  /** What `select` slices. */
  readonly slicings: readonly Slicing[];
  select(channels: readonly number[]): void;
}

/** Why channels cannot be chosen freely. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
}

interface Trace {
  readonly graph: Graph;
  readonly links: Connections;
  readonly count: number;
  readonly slicings: Slicing[];
  readonly readers: { node: Node; value: Value; block: number }[];
  /** Edits beside slicing, made with the new number of channels. */
  readonly edits: ((channels: number) => void)[];
}

/** How an operator passes channels on: the values that carry them further, or why it cannot. */
type Passage = (call: {
  node: Node;
  index: number;
  block: number;
  trace: Trace;
}) => { value: Value; block: number }[] | string;

const carry: Passage = ({ node, block }) => [{ value: node.outputs[0]!, block }];

const carryFirst: Passage = (call) => (call.index === 0 ? carry(call) : `feeds ${nodeLabel(call.node)}`);

/** Affine parameters [C] at the given inputs follow the channels. */
const carryParameters =
  (...inputs: number[]): Passage =>
  (call) => {
    for (const index of inputs) {
      const value = call.node.inputs[index];
      if (value) call.trace.slicings.push({ value, axis: 0, block: call.block });
    }
    return carryFirst(call);
  };

/** One row an operator; an operator without one refuses. */
const passages: { readonly [Op in OperatorName]?: Passage } = {
  Relu: carry,
  LeakyRelu: carry,
  Sigmoid: carry,
  Tanh: carry,
  HardSigmoid: carry,
  HardSwish: carry,
  Elu: carry,
  Selu: carry,
  Softplus: carry,
  Gelu: carry,
  Erf: carry,
  Identity: carry,
  Clip: carryFirst,
  Dropout: carryFirst,
  MaxPool: carry,
  AveragePool: carry,
  GlobalAveragePool: carry,
  GlobalMaxPool: carry,
  BatchNormalization: carryParameters(1, 2, 3, 4),
  InstanceNormalization: carryParameters(1, 2),
  PRelu(call) {
    const slope = call.node.inputs[1];
    if ((slope?.tensor?.shape[0] ?? 1) > 1) call.trace.slicings.push({ value: slope!, axis: 0, block: 1 });
    return carryFirst(call);
  },
  Conv(call) {
    const { node, index, trace, block } = call;
    const weight = node.inputs[1];
    if (index !== 0 || !weight?.tensor) return 'is used as the weight of a convolution';
    const { group } = attributesOf(node, 'Conv');
    if (group === 1) return terminal(call, { value: weight, axis: 1, block });
    if (group !== trace.count || weight.tensor.shape[0] !== group)
      return `feeds the grouped ${nodeLabel(node)}`;
    trace.edits.push((channels) => {
      node.attributes.group = { kind: 'int', value: channels };
    });
    for (const value of [weight, node.inputs[2]]) if (value) trace.slicings.push({ value, axis: 0, block });
    return carry(call);
  },
  Gemm(call) {
    const { transA, transB } = attributesOf(call.node, 'Gemm');
    const weight = call.node.inputs[1];
    if (call.index !== 0 || transA || !weight?.tensor) return `feeds ${nodeLabel(call.node)} as a weight`;
    return terminal(call, { value: weight, axis: transB ? 1 : 0, block: call.block });
  },
  MatMul(call) {
    const weight = call.node.inputs[1];
    const matrix = call.index === 0 && weight?.tensor?.shape.length === 2;
    return matrix && call.node.inputs[0]?.shape?.length === 2
      ? terminal(call, { value: weight, axis: 0, block: call.block })
      : `feeds ${nodeLabel(call.node)}`;
  },
  Flatten(call) {
    const { axis } = attributesOf(call.node, 'Flatten');
    return axis === 1 ? flattened(call) : `is flattened at axis ${axis}`;
  },
  Reshape(call) {
    const { node, trace } = call;
    const target = node.inputs[1]?.tensor && toNumbers(node.inputs[1].tensor);
    const block = target && flatBlock(call);
    if (call.index !== 0 || !target || target.length !== 2 || !block)
      return `is reshaped by ${nodeLabel(node)}`;
    if (target[1] !== -1) {
      trace.edits.push((channels) => {
        const shape = int64s([target[0]!, channels * block]);
        const value = {
          ...node.inputs[1]!,
          name: `${node.inputs[1]!.name}.${node.outputs[0]!.name}`,
          tensor: shape,
        };
        trace.graph.initializers.push(value);
        node.inputs[1] = value;
      });
    }
    return [{ value: node.outputs[0]!, block }];
  },
  ReduceMean(call) {
    const axes = reducedAxes(call.node);
    const spatial =
      axes?.length === 2 && axes.every((axis) => axis === 2 || axis === 3 || axis === -1 || axis === -2);
    return call.index === 0 && spatial ? carry(call) : `is reduced by ${nodeLabel(call.node)}`;
  },
};

function reducedAxes(node: Node): readonly number[] | null {
  const tensor = node.inputs[1]?.tensor;
  return tensor ? toNumbers(tensor) : (attributesOf(node, 'ReduceMean').axes ?? null);
}

function terminal({ node, block, trace }: Parameters<Passage>[0], slicing: Slicing): [] {
  trace.slicings.push(slicing);
  trace.readers.push({ node, value: node.inputs[0]!, block });
  return [];
}

function flattened(call: Parameters<Passage>[0]) {
  const block = flatBlock(call);
  return block
    ? [{ value: call.node.outputs[0]!, block }]
    : `is flattened from unknown size by ${nodeLabel(call.node)}`;
}

/** Columns that a channel becomes when [N, C, H, W] turns into [N, C·H·W]; null where the size is unknown. */
function flatBlock({ node, block }: Parameters<Passage>[0]): number | null {
  const sizes = node.inputs[0]?.shape?.slice(2) ?? [null];
  return sizes.reduce<number | null>(
    (product, size) => (product && typeof size === 'number' ? product * size : null),
    block,
  );
}

/** Finds out whether the output channels of a convolution without groups are private, and how to choose among them. */
export function privateChannels(
  graph: Graph,
  conv: Node,
  links: Connections = connections(graph),
): PrivateChannels | Refusal {
  const weight = conv.inputs[1];
  if (!weight?.tensor) return refused('its weight is not constant');
  if (attributesOf(conv, 'Conv').group !== 1) return refused('it has groups');
  const count = weight.tensor.shape[0]!;
  const trace: Trace = {
    graph,
    links,
    count,
    slicings: [{ value: weight, axis: 0, block: 1 }],
    readers: [],
    edits: [],
  };
  if (conv.inputs[2]) trace.slicings.push({ value: conv.inputs[2], axis: 0, block: 1 });

  const pending = [{ value: conv.outputs[0]!, block: 1 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const passed = follow(next, trace);
    if (typeof passed === 'string') return refused(passed);
    pending.push(...passed);
  }
  const shared = trace.slicings.find(
    ({ value }) => !value.tensor || (links.uses.get(value)?.length ?? 0) > 1,
  );
  if (shared) return refused(`${shared.value.name} is shared or not constant`);
  const { readers, slicings } = trace;
  return { kind: 'private', count, readers, slicings, select: (channels) => apply(trace, channels) };
}

function follow({ value, block }: { value: Value; block: number }, trace: Trace) {
  const next: { value: Value; block: number }[] = [];
  for (const { node, index } of trace.links.uses.get(value) ?? []) {
    if (!node) return 'is an output of the network';
    const op = knownOperator(node);
    const passage = op && passages[op];
    if (!passage || index < 0) return `is read by ${nodeLabel(node)}`;
    const passed = passage({ node, index, block, trace });
    if (typeof passed === 'string') return passed;
    next.push(...passed);
  }
  return next;
}

function apply({ slicings, edits }: Trace, channels: readonly number[]): void {
  for (const { value, axis, block } of slicings) {
    value.tensor = selectSlices(value.tensor!, axis, channels, block);
    value.shape = value.tensor.shape;
  }
  for (const edit of edits) edit(channels.length);
}

const refused = (reason: string): Refusal => ({ kind: 'refused', reason });
