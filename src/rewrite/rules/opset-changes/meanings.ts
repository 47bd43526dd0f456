import { makeNode, type Node, requiredInput, type Value } from '../../../graph/graph.ts';
import { inputsOf } from '../../../graph/operators/index.ts';
import { asFloat } from '../../../numeric/float-conversion.ts';
import { floats, int64s, makeTensor, scalar, type Tensor } from '../../../numeric/tensor.ts';
import { inexpressible, setOptionalInput, takeAttribute, type Upgrade, type Upgrades } from './upgrade.ts';

/** A number in the element type of the node's first input. */
function numberLike(node: Node, value: number): Tensor {
  const dtype = node.inputs[0]?.dtype ?? 'float32';
  if (dtype === 'float32') return scalar(value);
  if (dtype === 'float64') return makeTensor('float64', [], Float64Array.of(value));
  if (dtype === 'float16') return asFloat(floats([], [value]), dtype);
  throw inexpressible(node, `expected a floating-point type at this opset, found ${dtype}`);
}

const clip: Upgrade['change'] = (node, { constant }) => {
  ['min', 'max'].forEach((name, i) => {
    const bound = takeAttribute(node, name, 'float');
    if (bound !== undefined) setOptionalInput(node, i + 1, constant(numberLike(node, bound), name));
  });
};

const pad: Upgrade['change'] = (node, { constant }) => {
  const pads = takeAttribute(node, 'pads', 'ints');
  const value = takeAttribute(node, 'value', 'float');
  if (pads) setOptionalInput(node, 1, constant(int64s(pads), 'pads'));
  if (value) setOptionalInput(node, 2, constant(numberLike(node, value), 'value'));
};

/** Dropout, which has only inference mode in these opsets, passes its input through for any ratio. */
const dropout: Upgrade['change'] = (node, { constant }) => {
  const ratio = takeAttribute(node, 'ratio', 'float');
  if (ratio !== undefined) setOptionalInput(node, 1, constant(floats([], [ratio]), 'ratio'));
};

/** Up to opset 13, the number of outputs determined whether batch statistics are used. */
const batchNormalization: Upgrade['change'] = (node, { isRead }) => {
  if ([1, 2, 3, 4].some(isRead)) {
    throw inexpressible(
      node,
      'expected a BatchNormalization in inference mode, found one whose computed statistics are used',
    );
  }
  node.outputs.length = 1;
};

/** `spatial` was removed. With 0, statistics are per position: (x − μ)·(γ/√(σ² + ε)) + β in separate operators. */
const spatial: Upgrade['change'] = (node, context) => {
  if (takeAttribute(node, 'spatial', 'int') !== 0) return undefined;
  const { x, scale, bias, mean, variance } = inputsOf(node, 'BatchNormalization');
  if ([1, 2, 3, 4].some(context.isRead)) {
    throw inexpressible(
      node,
      'expected a BatchNormalization in inference mode, found one whose computed statistics are used',
    );
  }
  const epsilon = context.constant(
    numberLike(node, takeAttribute(node, 'epsilon', 'float') ?? 1e-5),
    'epsilon',
  );
  const nodes: Node[] = [];
  const append = (op: string, ...inputs: readonly Value[]): Value => {
    const output = context.value(op.toLowerCase(), x.dtype, null);
    nodes.push(makeNode(op, { name: context.name(op), inputs: [...inputs], outputs: [output] }));
    return output;
  };
  const deviation = append('Sqrt', append('Add', variance, epsilon));
  const scaled = append('Mul', append('Sub', x, mean), append('Div', scale, deviation));
  const links = { inputs: [scaled, bias], outputs: [node.outputs[0] ?? null] };
  return [...nodes, Object.assign(node, { op: 'Add', attributes: {} }, links)];
};

/** Sampling points moved by half a pixel; the attribute selects the previous behaviour. */
const roiAlign: Upgrade['change'] = (node) => {
  node.attributes.coordinate_transformation_mode = { kind: 'string', value: 'output_half_pixel' };
};

/** The modes were renamed to those of Resize. */
const gridSample: Upgrade['change'] = (node) => {
  const { mode } = node.attributes;
  const names: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
  const renamed = names[mode?.kind === 'string' ? String(mode.value) : 'bilinear'];
  if (renamed) node.attributes.mode = { kind: 'string', value: renamed };
};

/** Scale and bias per group became scale and bias per channel. */
const groupNormalization: Upgrade['change'] = (node, context) => {
  const channels = requiredInput(node, 0).shape?.[1];
  const groups = Number(takeAttribute(node, 'num_groups', 'int'));
  node.attributes.num_groups = { kind: 'int', value: groups };
  if (typeof channels !== 'number') throw inexpressible(node, 'expected a fixed number of channels');
  const nodes: Node[] = [];
  for (const index of [1, 2]) {
    const given = requiredInput(node, index);
    const append = (op: string, input: Value, sizes: readonly number[]): Value => {
      const output = context.value(op.toLowerCase(), given.dtype, sizes);
      const inputs = [input, context.constant(int64s(sizes), 'sizes')];
      nodes.push(makeNode(op, { name: context.name(op), inputs, outputs: [output] }));
      return output;
    };
    const columns = append('Expand', append('Reshape', given, [groups, 1]), [groups, channels / groups]);
    node.inputs[index] = append('Reshape', columns, [channels]);
  }
  return [...nodes, node];
};

const scatter: Upgrade['change'] = (node) => {
  node.op = 'ScatterElements';
};

/** Scan lost its batch axis. */
const scan: Upgrade['change'] = (node) => {
  throw inexpressible(node, 'expected a Scan of opset 9 or later: export the model again');
};

/** Operators whose attributes, inputs or defaults changed. */
export const meanings: Upgrades = {
  Clip: [{ since: 11, change: clip }],
  Pad: [{ since: 11, change: pad }],
  Dropout: [{ since: 12, change: dropout }],
  BatchNormalization: [
    { since: 9, change: spatial },
    { since: 14, change: batchNormalization },
  ],
  RoiAlign: [{ since: 16, change: roiAlign }],
  Scan: [{ since: 9, change: scan }],
  Scatter: [{ since: 11, change: scatter }],
  GridSample: [{ since: 20, change: gridSample }],
  GroupNormalization: [{ since: 21, change: groupNormalization }],
};
