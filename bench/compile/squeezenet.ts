import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { layersOf } from '../../src/models/layers.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';

/** Filters of the squeezing and of both expanding convolutions of each module; `pool` halves the map. */
const plan = [
  { squeeze: 16, expand: 64 },
  { squeeze: 16, expand: 64 },
  'pool',
  { squeeze: 32, expand: 128 },
  { squeeze: 32, expand: 128 },
  'pool',
  { squeeze: 48, expand: 192 },
  { squeeze: 48, expand: 192 },
  { squeeze: 64, expand: 256 },
  { squeeze: 64, expand: 256 },
] as const;

/** SqueezeNet 1.1 (Iandola et al., 2016, arXiv:1602.07360) with seeded weights, for one 224×224 image. */
export function squeezenet(): Graph {
  const graph = emptyGraph('squeezenet1.1');
  const g = builderOf(graph);
  const layers = layersOf(g, { seed: 0, gamma: 1 });
  const image = g.input('input', 'float32', [1, 3, 224, 224]);
  const { normal } = random(1);
  const first = g.constant(
    floats(
      [64, 3, 3, 3],
      Float32Array.from({ length: 64 * 27 }, () => normal() / 4),
    ),
  );
  let x = pool(g, g.Relu(g.Conv(image, first, null, { strides: [2, 2] })));
  for (const [i, step] of plan.entries()) {
    if (step === 'pool') {
      x = pool(g, x);
      continue;
    }
    const unit = (from: Value, name: string, filters: number, kernel: number) =>
      g.Relu(layers.convolution(from, `fire${i}.${name}`, { filters, kernel, bias: true }));
    const squeezed = unit(x, 'squeeze', step.squeeze, 1);
    const expanded = [
      unit(squeezed, 'expand1x1', step.expand, 1),
      unit(squeezed, 'expand3x3', step.expand, 3),
    ];
    x = g.Concat(...expanded, { axis: 1 });
  }
  const scores = g.Relu(layers.convolution(x, 'classifier', { filters: 1000, kernel: 1, bias: true }));
  g.output(g.Flatten(g.GlobalAveragePool(scores)), 'logits');
  return graph;
}

const pool = (g: Builder, x: Value): Value =>
  g.MaxPool(x, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 });
