import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

/** Three 3×3 convolutions with Relu, of 13 channels on 11×11; the first two are alike, the last lacks a stripe. */
export function threeConvolutions(): Graph {
  const graph = emptyGraph('layers');
  const g = builderOf(graph);
  const third = normals([13, 13, 3, 3], 3);
  for (let c = 0; c < 13; c++) third.data[c * 9] = 0;
  let x = g.input('x', 'float32', [1, 13, 11, 11]);
  for (const weight of [normals([13, 13, 3, 3], 1), normals([13, 13, 3, 3], 2), third])
    x = g.Relu(g.Conv(x, g.constant(weight), null, { pads: [1, 1, 1, 1] }));
  g.output(x, 'y');
  return graph;
}
