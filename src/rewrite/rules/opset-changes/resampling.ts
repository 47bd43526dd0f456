import type { Node } from '../../../graph/graph.ts';
import { floats } from '../../../numeric/tensor.ts';
import { inexpressible, setInput, takeAttribute, type Upgrade, type Upgrades } from './upgrade.ts';

/** Upsample, and Resize of opset 10, had no half-pixel centres, and took the nearest pixel to the left. */
const upsample: Upgrade['change'] = (node) => {
  toResize(node, 'floor');
};

/** Where it shrank, Resize of opset 10 took the nearest pixel to the right. */
const oldResize: Upgrade['change'] = (node) => {
  const scales = node.inputs[1]?.tensor?.data as Float32Array | undefined;
  if (scales?.every((scale) => scale >= 1)) toResize(node, 'floor');
  else if (scales?.every((scale) => scale <= 1)) toResize(node, 'ceil');
  else throw inexpressible(node, 'expected constant scales that enlarge or shrink, found others');
};

function toResize(node: Node, nearest: 'floor' | 'ceil'): void {
  const [x = null, scales = null] = node.inputs;
  node.op = 'Resize';
  node.attributes.coordinate_transformation_mode = { kind: 'string', value: 'asymmetric' };
  node.attributes.nearest_mode = { kind: 'string', value: nearest };
  node.inputs = [x, null, scales];
}

const upsampleScales: Upgrade['change'] = (node, { constant }) => {
  const scales = takeAttribute(node, 'scales', 'floats');
  if (scales) setInput(node, 1, constant(floats([scales.length], scales), 'scales'));
};

/** Scales (or a region) that were there for form's sake, without elements, become missing inputs. */
const emptyInputs: Upgrade['change'] = (node) => {
  const mode = node.attributes.coordinate_transformation_mode;
  if (mode?.kind === 'string' && String(mode.value) === 'tf_half_pixel_for_nn') {
    throw inexpressible(
      node,
      'expected a coordinate_transformation_mode of opset 13, found tf_half_pixel_for_nn',
    );
  }
  [1, 2].forEach((index) => {
    const empty = node.inputs[index]?.shape?.[0] === 0;
    const sized = index === 2 && node.inputs[3];
    if (empty || sized) node.inputs[index] = null;
  });
};

/** Resampling: Upsample became Resize. */
export const resampling: Upgrades = {
  Upsample: [
    { since: 9, change: upsampleScales },
    { since: 10, change: upsample },
  ],
  Resize: [
    { since: 11, change: oldResize },
    { since: 13, change: emptyInputs },
  ],
};
