import { makeNode, type Node, onlyOutput, requiredInput, type Value } from '../../../graph/graph.ts';
import { floats } from '../../../numeric/tensor.ts';
import {
  inexpressible,
  setOptionalInput,
  takeAttribute,
  type Upgrade,
  type UpgradeContext,
  type Upgrades,
} from './upgrade.ts';

/** Upsample does not use half-pixel centres, and rounds down to the nearest pixel. */
const upsample: Upgrade['change'] = (node) => {
  toResize(node, node.inputs[1] ?? null, 'floor');
};

/** Resize in opset 10 rounds down where it enlarges, and up where it reduces. */
const oldResize: Upgrade['change'] = (node, context) => {
  const scales = requiredInput(node, 1);
  const known = context.contents(scales);
  if (modeOf(node) !== 'nearest' || known?.every((scale) => typeof scale === 'number' && scale >= 1)) {
    toResize(node, scales, 'floor');
  } else if (known?.every((scale) => typeof scale === 'number' && scale <= 1)) {
    toResize(node, scales, 'ceil');
  } else return inTwoSteps(node, scales, context);
};

const modeOf = ({ attributes: { mode } }: Node): string =>
  mode?.kind === 'string' ? String(mode.value) : 'nearest';

/** First enlarged axes, then reduced ones, because the rounding differs by axis. */
function inTwoSteps(node: Node, scales: Value, context: UpgradeContext): Node[] {
  const { dtype } = requiredInput(node, 0);
  const one = context.constant(floats([1], [1]), 'one');
  const [up, down] = (['Max', 'Min'] as const).map((op) => {
    const value = context.value(op.toLowerCase(), 'float32', scales.shape);
    return makeNode(op, { name: context.name(op), inputs: [scales, one], outputs: [value] });
  }) as [Node, Node];
  const enlarged = context.value('enlarged', dtype, null);
  const links = { name: context.name('enlarge'), inputs: [...node.inputs], outputs: [enlarged] };
  const first: Node = { ...makeNode('Resize', links), attributes: { ...node.attributes } };
  toResize(first, onlyOutput(up), 'floor');
  node.inputs[0] = enlarged;
  toResize(node, onlyOutput(down), 'ceil');
  return [up, down, first, node];
}

function toResize(node: Node, scales: Value | null, nearest: 'floor' | 'ceil'): void {
  node.op = 'Resize';
  node.attributes.coordinate_transformation_mode = { kind: 'string', value: 'asymmetric' };
  node.attributes.nearest_mode = { kind: 'string', value: nearest };
  node.inputs = [requiredInput(node, 0), null, scales];
}

const upsampleScales: Upgrade['change'] = (node, { constant }) => {
  const scales = takeAttribute(node, 'scales', 'floats');
  if (!scales) throw inexpressible(node, 'expected scales, found none');
  setOptionalInput(node, 1, constant(floats([scales.length], scales), 'scales'));
};

/**
 * Empty tensors for scales or region become missing inputs. The removed mode tf_half_pixel_for_nn, (i + ½)/s, is half a pixel
 * right of half_pixel, which is compensated by another rounding.
 */
const emptyInputs: Upgrade['change'] = (node) => {
  const { coordinate_transformation_mode: mode, nearest_mode: rounding } = node.attributes;
  if (mode?.kind === 'string' && String(mode.value) === 'tf_half_pixel_for_nn') {
    const now = halfLess[rounding?.kind === 'string' ? String(rounding.value) : 'round_prefer_floor'];
    if (!now || modeOf(node) !== 'nearest') {
      const message = `expected a coordinate_transformation_mode of opset 13, found tf_half_pixel_for_nn with ${modeOf(node)}`;
      throw inexpressible(node, message);
    }
    node.attributes.coordinate_transformation_mode = { kind: 'string', value: 'half_pixel' };
    node.attributes.nearest_mode = { kind: 'string', value: now };
  }
  [1, 2].forEach((index) => {
    const empty = node.inputs[index]?.shape?.[0] === 0;
    const sized = index === 2 && node.inputs[3];
    if (empty || sized) node.inputs[index] = null;
  });
};

/** For each rounding of x, the rounding of x − ½ that is equal. */
const halfLess: Readonly<Record<string, string>> = {
  floor: 'round_prefer_ceil',
  round_prefer_floor: 'ceil',
};

/** Resampling; Upsample became Resize. */
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
