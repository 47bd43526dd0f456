import { makeNode, type Node, requiredInput, type Value } from '../../../graph/graph.ts';
import { int64s } from '../../../numeric/tensor.ts';
import { takeAttribute, type Upgrade, type UpgradeContext, type Upgrades } from './upgrade.ts';

/**
 * Up to opset 12, the input was flattened to a matrix at `axis` (default 1) and normalised by row; since opset 13, along
 * `axis` alone (default −1). Both are equal if all later dimensions are 1; else the input is flattened and reshaped back.
 */
const byRow: Upgrade['change'] = (node, context) => {
  const { shape } = requiredInput(node, 0);
  const given = Number(takeAttribute(node, 'axis', 'int') ?? 1);
  const axis = shape && given < 0 ? given + shape.length : given;
  if (shape?.slice(axis + 1).every((dim) => dim === 1) && axis < shape.length) {
    node.attributes.axis = { kind: 'int', value: axis };
    return;
  }
  return flattened(node, axis, context);
};

function flattened(node: Node, axis: number, context: UpgradeContext): Node[] {
  const x = requiredInput(node, 0);
  const rows = context.value('rows', x.dtype, null);
  const normal = context.value('normalised', x.dtype, null);
  const { target, nodes } = shapeOf(x, context);
  const flatten = makeNode('Flatten', { name: context.name('flatten'), inputs: [x], outputs: [rows] });
  flatten.attributes.axis = { kind: 'int', value: axis };
  const inputs = [normal, target];
  const reshape = makeNode('Reshape', { name: context.name('reshape'), inputs, outputs: node.outputs });
  Object.assign(node, { inputs: [rows], outputs: [normal], attributes: { axis: { kind: 'int', value: 1 } } });
  return [...nodes, flatten, node, reshape];
}

/** The shape of a value as a tensor: an initializer if it is fixed, else computed. */
function shapeOf(
  x: Value,
  context: UpgradeContext,
): { readonly target: Value; readonly nodes: readonly Node[] } {
  if (x.shape?.every((dim) => typeof dim === 'number')) {
    return { target: context.constant(int64s(x.shape as number[]), 'shape'), nodes: [] };
  }
  const target = context.value('shape', 'int64', null);
  return {
    target,
    nodes: [makeNode('Shape', { name: context.name('shape'), inputs: [x], outputs: [target] })],
  };
}

const change: readonly Upgrade[] = [{ since: 13, change: byRow }];

/** Softmax and related operators. */
export const softmaxes: Upgrades = { Softmax: change, LogSoftmax: change, Hardmax: change };
