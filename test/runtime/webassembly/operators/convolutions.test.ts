import { describeOperators, weight } from '../../../support/compiled-operators.ts';

describeOperators('convolutions', {
  'Conv of sequences': [
    [2, 4, 11],
    (g, x) => g.Relu(g.Conv(x, weight(g, [6, 4, 3]), weight(g, [6], 51), { pads: [1, 1], strides: [2] })),
  ],
  'ConvTranspose 2×2': [
    [2, 4, 5, 6],
    (g, x) => g.ConvTranspose(x, weight(g, [4, 3, 2, 2]), weight(g, [3], 51), { strides: [2, 2] }),
  ],
  'ConvTranspose with padding': [
    [1, 4, 5, 6],
    (g, x) =>
      g.ConvTranspose(x, weight(g, [4, 3, 3, 4]), null, {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 0],
      }),
  ],
  'ConvTranspose with groups and dilation': [
    [1, 4, 5, 6],
    (g, x) =>
      g.ConvTranspose(x, weight(g, [4, 3, 3, 3]), null, {
        group: 2,
        strides: [3, 2],
        dilations: [2, 2],
        pads: [1, 2, 0, 1],
      }),
  ],
  'ConvTranspose of stride 1': [
    [1, 4, 5, 6],
    (g, x) => g.ConvTranspose(x, weight(g, [4, 3, 3, 3]), null, { pads: [1, 1, 1, 1] }),
  ],
  'ConvTranspose with stride beyond the kernel': [
    [1, 2, 4, 4],
    (g, x) => g.ConvTranspose(x, weight(g, [2, 3, 2, 2]), null, { strides: [3, 3] }),
  ],
  'ConvTranspose of sequences': [
    [1, 2, 6],
    (g, x) => g.ConvTranspose(x, weight(g, [2, 3, 4]), null, { strides: [2], pads: [1, 1] }),
  ],
  'DepthToSpace DCR': [[1, 8, 3, 4], (g, x) => g.DepthToSpace(x, { blocksize: 2 })],
  'DepthToSpace CRD': [[1, 8, 3, 4], (g, x) => g.DepthToSpace(x, { blocksize: 2, mode: 'CRD' })],
  SpaceToDepth: [[2, 3, 4, 6], (g, x) => g.SpaceToDepth(x, { blocksize: 2 })],
});
