import { EspalierError } from '../../errors.ts';
import { type Node, nodeLabel } from '../graph.ts';
import { knownOperator, type OperatorName } from '../operators/index.ts';

/** Indices of inputs that are sizes, axes or indices, which must be integers. */
const wholeOperands: { readonly [Op in OperatorName]?: readonly number[] } = {
  ConstantOfShape: [0],
  Expand: [1],
  Gather: [1],
  GatherElements: [1],
  GatherND: [1],
  Pad: [1, 3],
  Reshape: [1],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  TopK: [1],
  Unsqueeze: [1],
};

/** Throws `invalid-model` if a size, axis or index has a floating-point type. */
export function expectWholeOperands(node: Node): void {
  const op = knownOperator(node);
  for (const index of (op && wholeOperands[op]) ?? []) {
    const value = node.inputs[index];
    if (!value?.dtype?.includes('float')) continue;
    const message = `expected whole numbers as ${value.name || `input ${index}`}, found ${value.dtype}`;
    throw new EspalierError('invalid-model', message, { where: nodeLabel(node) });
  }
}
