import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { buildModel } from '../../src/models/index.ts';
import { random } from '../../src/numeric/random.ts';
import { type Float32Tensor, floats } from '../../src/numeric/tensor.ts';
import { type ConvertOptions, convertResiduals } from '../../src/residual/convert-residuals.ts';
import { findResiduals } from '../../src/residual/find.ts';
import { foldBatchNormalization } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';

type Size = readonly [height: number, width: number];

/** A network of the zoo for images of any size, none of whose normalisations is an identity. */
function network(name: string, [height, width]: Size): Graph {
  const graph = buildModel(name, { classes: 10 });
  graph.inputs[0]!.shape = ['N', 3, height, width];
  const normalisations = graph.nodes.filter(({ op }) => op === 'BatchNormalization');
  normalisations.forEach(({ inputs }, i) => {
    const { uniform, normal } = random(7, i);
    const positive = () => 0.75 + 0.5 * uniform();
    const around = () => 0.2 * normal();
    for (const [parameter, draw] of [positive, around, around, positive].entries()) {
      const value = inputs[parameter + 1]!;
      const { shape, data } = value.tensor!;
      value.tensor = floats(shape, Float32Array.from({ length: data.length }, draw));
    }
  });
  inferShapes(graph);
  return graph;
}

/** Random images, and such that drive activations far beyond 6; one, and five. */
const images = ([height, width]: Size): Float32Tensor[] =>
  [1, 5].flatMap((count) => [1, 8].map((scale) => normals([count, 3, height, width], count, scale)));

/** The outputs for each of the images. */
async function outputsOf(graph: Graph, inputs: readonly Float32Tensor[]): Promise<Float32Array[]> {
  const program = await onnxruntime.compile(graph, { optimization: 'disabled' });
  const outputs: Float32Array[] = [];
  for (const input of inputs) {
    const { logits } = await program.run({ input });
    outputs.push(Float32Array.from(logits!.data as Float32Array));
  }
  await program.close();
  return outputs;
}

/** Folds and removes, and expects that nothing is left and every output the same. */
async function expectPlain(before: Graph, size: Size, options: ConvertOptions = {}): Promise<Graph> {
  const { graph, refusals } = convertResiduals(foldBatchNormalization(before).graph, options);
  expect(refusals).toEqual([]);
  expect(findResiduals(graph)).toEqual([]);
  expect(graph.outputs[0]!.shape).toEqual(['N', 10]);
  const inputs = images(size);
  const expected = await outputsOf(before, inputs);
  const actual = await outputsOf(graph, inputs);
  for (const [i, output] of expected.entries()) {
    expect(output).toHaveLength(10 * inputs[i]!.shape[0]!);
    expect(relativeError(actual[i]!, output)).toBeLessThan(1e-5);
  }
  return graph;
}

/** The networks, how many blocks their papers give them, and sizes, odd ones among them. */
const networks: readonly (readonly [name: string, blocks: number, sizes: readonly Size[]])[] = [
  [
    'resnet20',
    9,
    [
      [32, 32],
      [33, 27],
    ],
  ],
  ['resnet56', 27, [[33, 27]]],
  ['resnet20-b', 9, [[33, 27]]],
  [
    'preresnet20',
    9,
    [
      [32, 32],
      [33, 27],
    ],
  ],
  [
    'se-resnet20',
    9,
    [
      [32, 32],
      [33, 27],
    ],
  ],
  [
    'mobilenetv2',
    10,
    [
      [64, 64],
      [75, 61],
    ],
  ],
  ['resnet18', 8, [[75, 61]]],
  ['resnet34', 16, [[45, 37]]],
];

describe('no residual connection is left, and every output the same,', () => {
  it.each(networks)('in %s', async (name, blocks, sizes) => {
    for (const size of sizes) {
      const before = network(name, size);
      expect(findResiduals(before)).toHaveLength(blocks);
      await expectPlain(before, size);
    }
  });

  it('in resnet50, whose bottlenecks become wide', async () => {
    const size = [37, 33] as const;
    const before = network('resnet50', size);
    expect(findResiduals(before)).toHaveLength(16);
    await expectPlain(before, size);
  });

  it('in resnet50, past whose bottlenecks x is led', async () => {
    await expectPlain(network('resnet50', [45, 37]), [45, 37], { middle: 'concat' });
  });
});

it('the bounds of MobileNetV2 are in use while they are compared', async () => {
  const size = [64, 64] as const;
  const [, saturating] = images(size);
  const bounded = network('mobilenetv2', size);
  const unbounded = network('mobilenetv2', size);
  for (const { op, inputs } of unbounded.nodes) if (op === 'Clip') inputs[2]!.tensor = floats([], [1e30]);
  const [expected, other] = await Promise.all(
    [bounded, unbounded].map((graph) => outputOf(graph, saturating!)),
  );
  expect(relativeError(other!, expected!)).toBeGreaterThan(0.1);
});
