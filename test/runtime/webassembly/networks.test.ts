import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferShapes } from '../../../src/graph/shapes/index.ts';
import { withFixedShapes } from '../../../src/measure/bind-shapes.ts';
import { buildModel } from '../../../src/models/index.ts';
import { foldNetwork } from '../../../src/rewrite/fold.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { type CompiledNetwork, compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { normals, runGraph } from '../../support/run-graph.ts';

/** What a module computes from inputs. It runs twice: what a run leaves in memory must not show in the next. */
async function runCompiled(
  network: CompiledNetwork,
  feeds: Record<string, Float32Array>,
): Promise<Record<string, Float32Array>> {
  const { inputs, outputs, run } = await instantiate(network);
  for (const [name, data] of Object.entries(feeds)) inputs[name]?.set(data);
  run();
  run();
  return outputs;
}

async function prepared(name: string, size: number): Promise<Graph> {
  const fixed = withFixedShapes(buildModel(name, { size }), { batch: 1 });
  const { graph } = await foldNetwork(fixed, { executor: onnxruntime });
  inferShapes(graph);
  return graph;
}

describe('networks as WebAssembly equal onnxruntime', () => {
  const networks: [string, number][] = [
    ['resnet20', 32],
    ['resnet18', 64],
    ['mobilenetv2', 64],
  ];
  it.each(networks)('%s', async (name, size) => {
    const graph = await prepared(name, size);
    const input = graph.inputs[0]!;
    const x = normals(input.shape as number[], 1);
    const expected = await runGraph(graph, { [input.name]: x });
    const results = await runCompiled(compileNetwork(graph), { [input.name]: x.data });
    for (const [name, tensor] of Object.entries(expected)) {
      const data = tensor.data as Float32Array;
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      data.forEach((value, i) => {
        expect(Math.abs((results[name]?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-4 * largest);
      });
    }
  });
});
