import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Shape } from '../../src/graph/graph.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { normals } from './run-graph.ts';

/** A model of n convolutions, each of 32 channels. */
export function convolutionChain(convolutions: number, shape: Shape = ['N', 32, 32, 32]): Uint8Array {
  const graph = emptyGraph('chain');
  const g = builderOf(graph);
  let x = g.input('x', 'float32', shape);
  for (let i = 0; i < convolutions; i++) {
    x = g.Conv(x, g.constant(normals([32, 32, 3, 3], i, 0.05), 'weight'), { pads: [1, 1, 1, 1] });
  }
  g.output(x, 'y');
  return serializeModel(graph);
}

/** A model that runs on four images of 12×12 alone, though its input is open. */
export function particularModel(): Uint8Array {
  const graph = emptyGraph('particular');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', 32, 'h', 'w']);
  g.output(g.Reshape(x, g.int64s([4, 32, 12 * 12])), 'y');
  return serializeModel(graph);
}

/** y = W·x, W: [size, size]: 4·size² bytes. */
export function matrixModel(size: number): Uint8Array {
  const graph = emptyGraph('matrix');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', size]);
  g.output(g.MatMul(x, g.constant(normals([size, size], 1), 'weight')), 'y');
  return serializeModel(graph);
}
