import { describe, expect, it } from 'vitest';
import { headsOf, withOutputs } from '../../bench/detectors/heads.ts';
import { zeroedFile } from '../../bench/detectors/zeroed-file.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { pruneChannels } from '../../src/pruning/prune-channels.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals, runGraph } from '../support/run-graph.ts';

const executor = onnxruntime;

function conv(b: Builder, x: Value, [from, to, group]: readonly [number, number, number]): Value {
  const weight = b.constant(normals([to, from / group, 3, 3], from * to + group, 0.3));
  return b.Conv(x, weight, b.constant(normals([to], to, 0.3)), { pads: [1, 1, 1, 1], group });
}

/** A residual block, depthwise filters, an activation that is not 0 at 0, and scores that are put in order. */
function network(): Graph {
  const b = builderOf(emptyGraph('test'));
  const x = b.input('x', 'float32', [1, 3, 9, 9]);
  const stem = b.Sigmoid(conv(b, x, [3, 8, 1]));
  const deep = b.Relu(conv(b, conv(b, stem, [8, 8, 8]), [8, 8, 1]));
  const scores = conv(b, b.Concat(b.Add(stem, deep), deep, { axis: 1 }), [16, 2, 1]);
  const size = b.Gather(b.Shape(deep), b.int64s([2]));
  const [best] = b.node('TopK', [b.Reshape(b.Sigmoid(scores), b.int64s([-1])), size], {}, 2);
  b.output(best!, 'best');
  return b.graph;
}

async function pruned(graph: Graph): Promise<Graph> {
  const { graph: made } = await pruneChannels(graph, {
    ...{ executor, criterion: 'l1-norm', side: 'filters', normalize: 'mean', reduce: 'mean' },
    ...{ scope: 'local', round: 1, floor: 0, seed: 1, calibration: null, layerRatios: [], verify: false },
    target: { measure: 'ratio', fraction: 0.5 },
  });
  return made;
}

describe('a file whose weights that went are zeroed in place', () => {
  it('computes what the pruned network does, before anything is put in order', async () => {
    const file = Buffer.from(serializeModel(network()));
    const given = parseModel(file);
    const made = await pruned(given);
    const heads = headsOf(given);
    expect(heads).toHaveLength(1);
    const { bytes, weights, zeros } = zeroedFile(file, given, made);
    expect(zeros / weights).toBeGreaterThan(0.4);
    const feeds = { x: normals([1, 3, 9, 9], 7) };
    const results = [file, bytes, Buffer.from(serializeModel(made))].map((model) =>
      runGraph(parseModel(withOutputs(model, heads)), feeds),
    );
    const [whole, zeroed, cut] = (await Promise.all(results)).map((outputs) => [
      ...(outputs[heads[0]!]!.data as Float32Array),
    ]);
    const apart = (a: number[], b: number[]) => Math.max(...a.map((element, i) => Math.abs(element - b[i]!)));
    expect(apart(zeroed!, cut!)).toBeLessThan(1e-5);
    expect(apart(zeroed!, whole!)).toBeGreaterThan(0.1);
  });

  it('is refused where a weight is none of the file', async () => {
    const file = Buffer.from(serializeModel(network()));
    const given = parseModel(file);
    const made = await pruned(given);
    const weight = made.nodes.filter(({ op }) => op === 'Conv').at(-1)!.inputs[1]!.tensor!;
    (weight.data as Float32Array).reverse();
    expect(() => zeroedFile(file, given, made)).toThrow('expected rows and columns of the weights');
  });
});
