import type { OperatorName } from '../../graph/operators/index.ts';
import { refuseTaps, resamplingMode, resizeTaps } from '../../graph/resize-taps.ts';
import { reshape } from '../append.ts';
import { dims, refusal } from '../call.ts';
import { unresampled } from '../resample.ts';
import type { GradientRows } from '../rule.ts';

/** Changes of resolution. */
export const resamplingGradients = {
  Resize: ({ node, inputs: { x }, attributes }, [dy], g) => {
    const mode = resamplingMode(node);
    if (mode) return [g.ResampleGrad(dy, { mode, size: dims(x) }), null, null, null];
    const refused = refuseTaps(attributes);
    if (refused) throw refusal(node, `has no gradient: ${refused}`);
    return [
      unresampled(g, dy, { size: dims(x), tapsOf: (axis) => resizeTaps(node, axis) }),
      null,
      null,
      null,
    ];
  },
  Upsample: 'unsupported',
  DepthToSpace: ({ inputs: { x }, attributes: { blocksize = 1, mode } }, [dy], g) => {
    if (mode === 'DCR') return [g.SpaceToDepth(dy, { blocksize })];
    const [batch, channels, height, width] = dims(x, 4);
    const kept = channels / (blocksize * blocksize);
    const blocks = reshape(g, dy, [batch, kept, height, blocksize, width, blocksize]);
    return [reshape(g, g.Transpose(blocks, { perm: [0, 1, 3, 5, 2, 4] }), dims(x))];
  },
  SpaceToDepth: ({ attributes: { blocksize } }, [dy], g) => [g.DepthToSpace(dy, { blocksize })],
  RoiAlign: 'unsupported',
  GridSample: 'unsupported',
  NonMaxSuppression: 'none',
} satisfies Partial<GradientRows<OperatorName>>;
