import { describe, expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph } from '../../../src/graph/graph.ts';
import { compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { predictTile, type TiledLayer, tileName, tiles } from '../../../src/runtime/webassembly/tile.ts';
import { expectCompiledEqual } from '../../support/compiled.ts';
import { relativeError } from '../../support/relative-error.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { threeConvolutions } from '../../support/three-convolutions.ts';

describe('tiles', () => {
  it.each(tiles.map((tile) => ({ tile, name: tileName(tile) })))(
    'of $name compute the same',
    async ({ tile, name }) => {
      const graph = threeConvolutions();
      const x = normals([1, 13, 11, 11], 7);
      const network = compileNetwork(graph, { chooseTile: () => tile });
      expect(network.steps.filter(({ kernel }) => kernel === `direct ${name}`)).toHaveLength(3);
      const { inputs, outputs, run } = await instantiate(network);
      inputs.x!.set(x.data);
      run();
      expect(relativeError(outputs.y!, await outputOf(graph, x))).toBeLessThan(1e-5);
    },
  );

  it('read many channels in passes', async () => {
    const graph = emptyGraph('layer');
    const g = builderOf(graph);
    const weight = normals([14, 150, 3, 3], 1);
    // The last filters read fewer channels, so that their blocks need fewer passes; one of them reads none.
    for (let m = 10; m < 14; m++) weight.data.fill(0, (m * 150 + (m === 13 ? 0 : 20)) * 9, (m + 1) * 150 * 9);
    const x = g.input('x', 'float32', [2, 150, 6, 7]);
    const y = g.Conv(x, g.constant(weight), g.constant(normals([14], 2)), { pads: [1, 1, 1, 1] });
    g.output(g.Relu(g.Add(y, g.input('residual', 'float32', [2, 14, 6, 7]))), 'y');
    const [step] = compileNetwork(graph).steps.filter(({ op }) => op === 'Conv');
    expect(step?.kernel).toMatch(/ in \d passes$/);
    await expectCompiledEqual(graph);
  });

  it('are chosen once for each layer; equal layers have equal keys', () => {
    const layers: TiledLayer[] = [];
    const chooseTile = (layer: TiledLayer) => {
      layers.push(layer);
      return predictTile(layer);
    };
    compileNetwork(threeConvolutions(), { chooseTile });
    const [first, second, third] = layers.map(({ key }) => key);
    expect(layers).toHaveLength(3);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});
