import type { Graph } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { type Float32Tensor, floats } from '../../src/numeric/tensor.ts';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Runs a graph once in onnxruntime, its optimiser off. */
export async function runGraph(graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await onnxruntime.compile(graph, { optimization: 'disabled', threads: 1 });
  try {
    return await program.run(feeds);
  } finally {
    await program.close();
  }
}

/** Normal numbers of a seed. */
export function normals(shape: readonly number[], seed: number, scale = 1): Float32Tensor {
  const { normal } = random(seed);
  const count = shape.reduce((product, size) => product * size, 1);
  return floats(
    shape,
    Float32Array.from({ length: count }, () => scale * normal()),
  );
}

/** The first output of a graph on one input. */
export async function outputOf(graph: Graph, input: Float32Tensor): Promise<Float32Array> {
  const results = await runGraph(graph, { [graph.inputs[0]!.name]: input });
  return Float32Array.from(results[graph.outputs[0]!.name]!.data as Float32Array);
}
