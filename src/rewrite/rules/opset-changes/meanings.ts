import type { Node } from '../../../graph/graph.ts';
import { floats, int64s, makeTensor, scalar, type Tensor } from '../../../numeric/tensor.ts';
import { inexpressible, setInput, takeAttribute, type Upgrade, type Upgrades } from './upgrade.ts';

/** A number in the element type of the node's first input. */
function numberLike(node: Node, value: number): Tensor {
  const dtype = node.inputs[0]?.dtype ?? 'float32';
  if (dtype === 'float32') return scalar(value);
  if (dtype === 'float64') return makeTensor('float64', [], Float64Array.of(value));
  throw inexpressible(node, `expected float32 or float64 in a file this old, found ${dtype}`);
}

const clip: Upgrade['change'] = (node, { constant }) => {
  ['min', 'max'].forEach((name, i) => {
    const bound = takeAttribute(node, name, 'float');
    if (bound !== undefined) setInput(node, i + 1, constant(numberLike(node, bound), name));
  });
};

const pad: Upgrade['change'] = (node, { constant }) => {
  const pads = takeAttribute(node, 'pads', 'ints');
  const value = takeAttribute(node, 'value', 'float');
  if (pads) setInput(node, 1, constant(int64s(pads.map(Number)), 'pads'));
  if (value) setInput(node, 2, constant(numberLike(node, value), 'value'));
};

/** Dropout of inference, which these opsets know alone, hands its input on whatever the ratio. */
const dropout: Upgrade['change'] = (node, { constant }) => {
  const ratio = takeAttribute(node, 'ratio', 'float');
  if (ratio !== undefined) setInput(node, 1, constant(floats([], [ratio]), 'ratio'));
};

/** Until opset 13 it was the number of outputs that said whether statistics are of the batch. */
const batchNormalization: Upgrade['change'] = (node, { isRead }) => {
  if ([1, 2, 3, 4].some(isRead)) {
    throw inexpressible(
      node,
      'expected a BatchNormalization of inference, found one whose statistics are read',
    );
  }
  node.outputs.length = 1;
};

/** `spatial` went; 0, a mean for each position, cannot be said any more. */
const spatial: Upgrade['change'] = (node) => {
  if (takeAttribute(node, 'spatial', 'int') === 0) {
    throw inexpressible(node, 'expected statistics for each channel, found them for each position');
  }
};

/** Sampling points moved by half a pixel; this is the former meaning's name. */
const roiAlign: Upgrade['change'] = (node) => {
  node.attributes.coordinate_transformation_mode = { kind: 'string', value: 'output_half_pixel' };
};

const scatter: Upgrade['change'] = (node) => {
  node.op = 'ScatterElements';
};

/** Operators with other attributes, inputs or defaults than before. */
export const meanings: Upgrades = {
  Clip: [{ since: 11, change: clip }],
  Pad: [{ since: 11, change: pad }],
  Dropout: [{ since: 12, change: dropout }],
  BatchNormalization: [
    { since: 9, change: spatial },
    { since: 14, change: batchNormalization },
  ],
  RoiAlign: [{ since: 16, change: roiAlign }],
  Scatter: [{ since: 11, change: scatter }],
};
