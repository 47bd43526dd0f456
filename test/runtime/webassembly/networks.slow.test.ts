import { describe, it } from 'vitest';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferShapes } from '../../../src/graph/shapes/index.ts';
import { withFixedShapes } from '../../../src/measure/bind-shapes.ts';
import { buildModel } from '../../../src/models/index.ts';
import { foldNetwork } from '../../../src/rewrite/fold.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { expectCompiledEqual } from '../../support/compiled.ts';

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
    await expectCompiledEqual(graph);
  });
});
