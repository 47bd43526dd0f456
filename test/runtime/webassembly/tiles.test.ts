import { describe, expect, it } from 'vitest';
import { compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { predictTile, type TiledLayer, tileName, tiles } from '../../../src/runtime/webassembly/tile.ts';
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
