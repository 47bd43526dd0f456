import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Shape } from '../../src/graph/graph.ts';
import { evaluate } from '../../src/measure/accuracy.ts';
import { classScores, findClassScores, withClassScores } from '../../src/measure/outputs/class-scores.ts';
import { random } from '../../src/numeric/random.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { train } from '../../src/training/train.ts';
import { syntheticImages } from '../support/synthetic-images.ts';
import { trainingOptions } from '../support/training-options.ts';

/** A convolution, pooled to an embedding [N, 6] and to logits [N, 4]; the outputs in the order asked for. */
function embedder(outputs: readonly ('embedding' | 'logits' | 'map' | 'again' | 'pixel')[]): Graph {
  const { uniform } = random(3);
  const graph = emptyGraph('embedder');
  const g = builderOf(graph);
  const weights = (shape: number[]) =>
    g.floats(
      Array.from({ length: shape.reduce((a, b) => a * b) }, () => uniform() - 0.5),
      shape,
    );
  const map = g.Relu(g.Conv(g.input('x', 'float32', ['N', 3, 8, 8]), weights([6, 3, 3, 3]), null));
  const pooled = g.GlobalAveragePool(map);
  const embedding = g.Flatten(pooled);
  const values = {
    map: () => map,
    embedding: () => embedding,
    logits: () => g.Gemm(embedding, weights([6, 4]), null),
    again: () => g.Gemm(embedding, weights([6, 4]), null),
    pixel: () => g.Conv(pooled, weights([4, 6, 1, 1]), null),
  };
  for (const name of outputs) g.output(values[name](), name);
  return graph;
}

/** A network whose outputs have these shapes and come from nowhere. */
function shaped(shapes: Readonly<Record<string, Shape>>, image: Shape = ['N', 3, 8, 8]): Graph {
  const graph = emptyGraph('shaped');
  const g = builderOf(graph);
  g.input('x', 'float32', image);
  for (const [name, shape] of Object.entries(shapes))
    graph.outputs.push({ name, dtype: 'float32', shape, tensor: null });
  return graph;
}

const images = syntheticImages({ count: 16, size: 8, channels: 3, classes: 4, seed: 1 });
const options = {
  executor: onnxruntime,
  preprocessing: { height: 8, width: 8, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  threads: 1,
};

describe('class scores', () => {
  it('are the output with as many columns as the data has classes, wherever it stands', async () => {
    const alone = await evaluate(embedder(['logits']), images, options);
    for (const order of [
      ['embedding', 'logits'],
      ['map', 'embedding', 'logits'],
      ['logits', 'map'],
    ] as const) {
      expect(classScores(embedder(order), { classes: 4 }).name).toBe('logits');
      // Weights are drawn in the order of outputs: the embedding and the map draw none.
      expect(await evaluate(embedder(order), images, options)).toEqual(alone);
    }
  });

  it('may be [N, classes, 1, 1], [N, 1, 1, classes] and, of single images, [classes]', () => {
    expect(classScores(shaped({ e: ['N', 9], p: ['N', 4, 1, 1] }), { classes: 4 }).name).toBe('p');
    expect(classScores(shaped({ e: ['N', 9], p: ['N', 1, 1, 4] }), { classes: 4 }).name).toBe('p');
    expect(classScores(shaped({ e: [9], p: [4] }, [3, 8, 8]), { classes: 4 }).name).toBe('p');
    expect(findClassScores(shaped({ boxes: [4, 4] }), { classes: 4 }).value).toBe(null);
    expect(findClassScores(shaped({ p: ['N', 4, 2, 2] }), { classes: 4 }).value).toBe(null);
  });

  it('are asked for where several outputs may be meant', async () => {
    const two = embedder(['logits', 'again']);
    await expect(evaluate(two, images, options)).rejects.toThrow(
      'several outputs could be class scores: logits [N, 4], again [N, 4]: select one with `logits` NAME',
    );
    const named = await evaluate(two, images, { ...options, logits: 'again' });
    const stored = await evaluate(withClassScores(two, { logits: 'again' }), images, options);
    expect(stored).toEqual(named);
    expect(named.loss).not.toBe((await evaluate(two, images, { ...options, logits: 'logits' })).loss);
  });

  it('are not the first output that comes along', () => {
    expect(() => classScores(embedder(['embedding', 'map']), { classes: 4 })).toThrow(
      'embedder: expected class scores [N, 4], found embedding [N, 6], map [N, 6, 6, 6]: name them with `logits` NAME',
    );
    expect(() => classScores(embedder(['logits', 'map']), { logits: 'logit' })).toThrow(
      '`logits`: no output is named logit (did you mean logits?), expected one of logits, map',
    );
    expect(() => classScores(embedder(['logits', 'map']), { logits: 'map' })).toThrow(
      'map: expected class scores [N, classes], found [N, 6, 6, 6]',
    );
  });

  it('of more classes than the data shows are those of the only output', () => {
    expect(findClassScores(embedder(['logits']), { classes: 2 }).value?.name).toBe('logits');
    expect(findClassScores(embedder(['logits']), { classes: 9 }).value).toBe(null);
    expect(classScores(embedder(['logits']), { classes: 9 }).name).toBe('logits');
  });
});

describe('training', () => {
  it.each([
    ['embedding', 'logits'],
    ['embedding', 'pixel'],
  ] as const)('trains %s, %s by the second', async (...order) => {
    const network = await prepareNetwork(embedder(order), onnxruntime);
    const alone = await prepareNetwork(embedder([order[1]]), onnxruntime);
    const [both, one] = [await train(trainingOptions(network)), await train(trainingOptions(alone))];
    expect(both.epochs.at(-1)!.loss).toBe(one.epochs.at(-1)!.loss);
    expect(both.epochs.at(-1)!.loss).toBeLessThan(both.epochs[0]!.loss);
  });
});
