import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { Simplification } from './simplification.ts';

/** DepthToSpace: blocks of channels become blocks of pixels. */
export const depthToSpace: Simplification = (node, g) => {
  const { blocksize: b = 1, mode } = attributesOf(node, 'DepthToSpace');
  const x = requiredInput(node, 0);
  const [n, c, h, w] = staticShape(x, 4);
  const kept = c / (b * b);
  const isCrd = mode === 'CRD';
  const blocks = g.Reshape(x, g.int64s(isCrd ? [n, kept, b, b, h, w] : [n, b, b, kept, h, w]));
  const moved = g.Transpose(blocks, { perm: isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2] });
  return g.Reshape(moved, g.int64s([n, kept, h * b, w * b]));
};

/** SpaceToDepth: blocks of pixels become blocks of channels. */
export const spaceToDepth: Simplification = (node, g) => {
  const { blocksize: b = 1 } = attributesOf(node, 'SpaceToDepth');
  const x = requiredInput(node, 0);
  const [n, c, h, w] = staticShape(x, 4);
  const blocks = g.Reshape(x, g.int64s([n, c, h / b, b, w / b, b]));
  const moved = g.Transpose(blocks, { perm: [0, 3, 5, 1, 2, 4] });
  return g.Reshape(moved, g.int64s([n, c * b * b, h / b, w / b]));
};
