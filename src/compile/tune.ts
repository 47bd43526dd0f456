import type { Graph } from '../graph/graph.ts';
import { sampleInTurns } from '../measure/latency.ts';
import type { Timings } from '../measure/timings.ts';
import { type CompiledNetwork, compileNetwork } from '../runtime/webassembly/compile.ts';
import {
  type ChooseTile,
  predictTile,
  type Tile,
  type TiledLayer,
  tileName,
  tiles,
} from '../runtime/webassembly/tile.ts';
import type { CompiledEngine } from './engines.ts';

/** What times compiled networks, and all that their times depend on beside them. */
export interface Tuner extends Pick<CompiledEngine, 'engine' | 'openCompiled'> {
  readonly timings: Timings;
}

/** Samples of a layer in a pass, of at least so many milliseconds, after a warm-up; the shortest counts. */
const SAMPLING = { rounds: 10, sampleMs: 1, warmup: 1, warmupMs: 20 };
/** Passes over all tiles, until another one changes no choice; a machine that is too busy for that is not asked on. */
const MOST_PASSES = 4;
/** A tile must be faster than the predicted one by this factor. */
const GAIN = 1.02;

/**
 * Times the convolutions of a network with each tile, layers that are alike once, and chooses the fastest for each. Times
 * that are known are not measured again. Where times do not settle, the predicted tile is chosen.
 */
export async function tuneTiles(graph: Graph, tuner: Tuner): Promise<ChooseTile> {
  const layers = tiledLayers(graph);
  const keyOf = (layer: TiledLayer, tile: Tile) => JSON.stringify([layer.key, tileName(tile), tuner.engine]);
  const known = layers.flatMap((layer) => {
    const times = tiles.map((tile) => tuner.timings.get(keyOf(layer, tile)));
    return times.every((ms) => ms !== undefined) ? [{ layer, times }] : [];
  });
  const pending = layers.filter((layer) => !known.some((timed) => timed.layer === layer));
  const measured = await settledTimes(graph, pending, tuner);
  for (const { layer, times } of measured)
    for (const [i, tile] of tiles.entries()) tuner.timings.set(keyOf(layer, tile), times[i]!);
  tuner.timings.save();
  const chosen = new Map([...known, ...measured].map((timed) => [timed.layer.key, fastest(timed)]));
  return (layer) => chosen.get(layer.key) ?? predictTile(layer);
}

/** A layer with its shortest time for each tile, in the order of {@link tiles}. */
interface TimedLayer {
  readonly layer: TiledLayer;
  readonly times: readonly number[];
}

function fastest({ layer, times }: TimedLayer): Tile {
  const predicted = tiles.indexOf(predictTile(layer));
  const best = times.indexOf(Math.min(...times));
  return tiles[times[best]! * GAIN < times[predicted]! ? best : predicted]!;
}

/** Times of the layers whose fastest tile was the same after one more pass. */
async function settledTimes(
  graph: Graph,
  layers: readonly TiledLayer[],
  tuner: Tuner,
): Promise<TimedLayer[]> {
  let pending = layers.map(
    (layer): TimedLayer => ({ layer, times: tiles.map(() => Number.POSITIVE_INFINITY) }),
  );
  const settled: TimedLayer[] = [];
  for (let pass = 0; pass < MOST_PASSES && pending.length > 0; pass++) {
    const again = await timeTiles(graph, pending, tuner);
    const isSettled = again.map((timed, i) => pass > 0 && fastest(timed) === fastest(pending[i]!));
    settled.push(...again.filter((_, i) => isSettled[i]));
    pending = again.filter((_, i) => !isSettled[i]);
  }
  return settled;
}

/** One more pass over all tiles: the shortest times so far. */
async function timeTiles(graph: Graph, layers: readonly TimedLayer[], tuner: Tuner): Promise<TimedLayer[]> {
  const byTile: number[][] = [];
  for (const tile of tiles) {
    const network = compileNetwork(graph, { chooseTile: () => tile });
    byTile.push(
      await timeLayers(
        network,
        layers.map(({ layer }) => layer),
        tuner,
      ),
    );
  }
  return layers.map(({ layer, times }, i) => ({
    layer,
    times: times.map((ms, t) => Math.min(ms, byTile[t]![i]!)),
  }));
}

async function timeLayers(
  network: CompiledNetwork,
  layers: readonly TiledLayer[],
  tuner: Tuner,
): Promise<number[]> {
  const runner = await tuner.openCompiled(network);
  try {
    const alone = layers.map(({ name }) => {
      const step = network.steps.findIndex((found) => found.op === 'Conv' && found.name === name);
      return { time: (n: number) => runner.timeStep(step, n), close: runner.close };
    });
    const samples = await sampleInTurns(alone, SAMPLING);
    return samples.map((ms) => Math.min(...ms));
  } finally {
    await runner.close();
  }
}

/** The layers whose tiles are chosen, one of each kind. */
function tiledLayers(graph: Graph): TiledLayer[] {
  const layers = new Map<string, TiledLayer>();
  compileNetwork(graph, {
    chooseTile(layer) {
      if (!layers.has(layer.key)) layers.set(layer.key, layer);
      return predictTile(layer);
    },
  });
  return [...layers.values()];
}
