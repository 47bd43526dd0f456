import fc from 'fast-check';
import type { BlockShape, LayerShape, NetworkShape } from './residual-network.ts';

const layer = (shape: Partial<LayerShape>): LayerShape => ({
  filters: 6,
  kernel: 3,
  stride: 1,
  group: 1,
  activation: 'none',
  ...shape,
});

const widths = fc.integer({ min: 4, max: 8 });

/** A block: as wide as what comes in where its shortcut is the identity, else strided. */
const blocks = fc.record({
  kind: fc.constantFrom('basic', 'bottleneck', 'inverted', 'single'),
  inner: widths,
  outer: widths,
  shortcut: fc.constantFrom('identity', 'identity', 'identity', 'projection', 'padded'),
  normalized: fc.boolean(),
  gate: fc.boolean(),
  preactivated: fc.boolean(),
} as const);

type RandomBlock = typeof blocks extends fc.Arbitrary<infer Block> ? Block : never;

/** Residual networks of one to three blocks of all kinds. */
export const randomResidualNetworks: fc.Arbitrary<NetworkShape> = fc
  .record({
    channels: widths,
    size: fc.constantFrom(6, 7),
    blocks: fc.array(blocks, { minLength: 1, maxLength: 3 }),
  })
  .map(({ blocks, ...network }) => {
    let width = network.channels;
    const shapes = blocks.map((block) => {
      const shape = shapeOf(block, width);
      width = shape.layers.at(-1)!.filters;
      return shape;
    });
    return { ...network, blocks: shapes };
  });

function shapeOf(block: RandomBlock, width: number): BlockShape {
  const { shortcut, preactivated } = block;
  const filters = { identity: width, padded: width + (block.outer % 3), projection: block.outer }[shortcut];
  const stride = shortcut === 'identity' ? 1 : 2;
  return {
    layers: branches[block.kind](block, { filters, stride }).map((each) => ({
      ...each,
      normalized: block.normalized,
    })),
    shortcut,
    before: preactivated ? 'none' : 'relu',
    preactivation: preactivated ? 'relu' : 'none',
    after: preactivated ? 'none' : 'relu',
  };
}

type Branch = (block: RandomBlock, end: Pick<LayerShape, 'filters' | 'stride'>) => LayerShape[];

const branches: Readonly<Record<RandomBlock['kind'], Branch>> = {
  basic: ({ inner, gate }, { filters, stride }) => [
    layer({ filters: inner, stride, activation: 'relu', gate }),
    layer({ filters }),
  ],
  bottleneck: ({ inner, outer }, { filters, stride }) => [
    layer({ filters: inner, kernel: 1, activation: 'relu' }),
    layer({ filters: outer, stride, activation: 'relu' }),
    layer({ filters, kernel: 1 }),
  ],
  inverted: ({ inner }, { filters, stride }) => [
    layer({ filters: inner, kernel: 1, activation: 'relu6' }),
    layer({ filters: inner, group: inner, stride, activation: 'relu6' }),
    layer({ filters, kernel: 1 }),
  ],
  single: (_, { filters, stride }) => [layer({ filters, stride })],
};
