import fc from 'fast-check';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { convolved, type Layer, rows, weight } from './random-layers.ts';

const kinds = [
  ...['Conv', 'Conv', 'Conv', 'Grouped', 'Depthwise', 'ConvTranspose', 'Gate', 'Shuffle', 'Split', 'Slice'],
  ...['Gather', 'Concat', 'Concat', 'Add', 'Add', 'PadChannels', 'BatchNormalization', 'PRelu', 'Relu'],
  ...[
    'MaxPool',
    'Resize',
    'DepthToSpace',
    'SpaceToDepth',
    'Tokens',
    'GroupNormalization',
    'LayerNormalization',
  ],
  ...['Constant', 'Mean'],
] as const;

interface RandomNetwork {
  readonly free: boolean;
  readonly ending: 'pooled' | 'flat' | 'map';
  readonly layers: readonly Layer[];
}

/** Networks of convolutions and whatever moves, joins and splits channels; each reads the last value or one before. */
export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc.record({
  free: fc.boolean(),
  ending: fc.constantFrom('pooled', 'pooled', 'flat', 'map'),
  layers: fc.array(
    fc.record({
      kind: fc.constantFrom<string>(...kinds),
      from: fc.constantFrom(0, 0, 0, 1, 2),
      other: fc.nat(4),
      filters: fc.constantFrom(4, 6, 8, 12),
    }),
    { minLength: 3, maxLength: 12 },
  ),
});

/** The network, its batch free where asked for; every value that nothing reads is an output. */
export function coupledGraph({ free, ending, layers }: RandomNetwork): Graph {
  const graph = emptyGraph('random', 21);
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [free ? 'N' : 2, 3, 8, 8]);
  const call = { g, seed: 1 };
  const values = [
    rows.Conv!({ ...call, x, layer: { kind: 'Conv', from: 0, other: 0, filters: 8 }, values: [] })[0]!,
  ];
  layers.forEach((layer, i) => {
    const source = values.at(-1 - (layer.from % values.length))!;
    values.push(...rows[layer.kind]!({ g, x: source, layer, values, seed: 10 * i + 2 }));
  });
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  values
    .filter((value) => !read.has(value))
    .forEach((value, i) => {
      g.output(ended(g, value, { ending, seed: 500 + i }), `y${i}`);
    });
  return graph;
}

function ended(
  g: Builder,
  x: Value,
  { ending, seed }: { ending: RandomNetwork['ending']; seed: number },
): Value {
  if (ending === 'map') return convolved(g, x, { filters: 3, kernel: 1, group: 1, seed });
  const flat = g.Flatten(ending === 'flat' ? x : g.GlobalAveragePool(x));
  const width = Number(flat.shape![1]);
  return g.Gemm(flat, weight(g, [4, width], seed), weight(g, [4], seed + 1), { transB: 1 });
}
