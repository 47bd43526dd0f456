import { describe, expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../../src/graph/graph.ts';
import { compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { predictTile, type TiledLayer, tileName, tiles } from '../../../src/runtime/webassembly/tile.ts';
import { relativeError } from '../../support/relative-error.ts';
import { normals, outputOf } from '../../support/run-graph.ts';

/** Three 3×3 convolutions with Relu; the last lacks a stripe. */
function threeLayers(): Graph {
  const graph = emptyGraph('layers');
  const g = builderOf(graph);
  const third = normals([13, 13, 3, 3], 3);
  for (let c = 0; c < 13; c++) third.data[c * 9] = 0;
  let x = g.input('x', 'float32', [1, 13, 11, 11]);
  for (const weight of [normals([13, 13, 3, 3], 1), normals([13, 13, 3, 3], 2), third]) {
    const pads = [1, 1, 1, 1];
    x = g.Relu(g.Conv(x, g.constant(weight), null, { pads }));
  }
  g.output(x, 'y');
  return graph;
}

describe('tiles', () => {
  it.each(tiles.map((tile) => ({ tile, name: tileName(tile) })))(
    'of $name compute the same',
    async ({ tile, name }) => {
      const graph = threeLayers();
      const x = normals([1, 13, 11, 11], 7);
      const network = compileNetwork(graph, { chooseTile: () => tile });
      expect(network.steps.filter(({ kernel }) => kernel === `direct ${name}`)).toHaveLength(3);
      const { inputs, outputs, run } = await instantiate(network);
      inputs.x!.set(x.data);
      run();
      expect(relativeError(outputs.y!, await outputOf(graph, x))).toBeLessThan(1e-5);
    },
  );

  it('are chosen once for each layer; equal layers have equal keys', () => {
    const layers: TiledLayer[] = [];
    const chooseTile = (layer: TiledLayer) => {
      layers.push(layer);
      return predictTile(layer);
    };
    compileNetwork(threeLayers(), { chooseTile });
    const [first, second, third] = layers.map(({ key }) => key);
    expect(layers).toHaveLength(3);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});
