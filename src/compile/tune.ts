import type { Graph } from '../graph/graph.ts';
import { sampleInTurns } from '../measure/rounds.ts';
import type { Timings } from '../measure/timings.ts';
import { zip } from '../numeric/zip.ts';
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

/** The engine that times compiled networks, and everything else that their times depend on. */
export interface Tuner extends Pick<CompiledEngine, 'engine' | 'openCompiled'> {
  readonly timings: Timings;
}

/** Samples per layer and pass, each at least `sampleMs` long, after a warm-up; the shortest counts. */
const SAMPLING = { rounds: 10, sampleMs: 1, warmup: 1, warmupMs: 20 };
/** The most passes over all tiles. Passes end earlier once a pass changes no choice. */
const MOST_PASSES = 4;
/** A tile replaces the predicted one only if it is faster by this factor. */
const GAIN = 1.02;

/**
 * Times the convolutions of a network with each candidate tile and chooses the fastest for each. Equal layers are timed once,
 * and cached times are reused. Falls back to the predicted tile if the choices do not settle.
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
    for (const [tile, ms] of zip(tiles, times)) tuner.timings.set(keyOf(layer, tile), ms);
  tuner.timings.save();
  const chosen = new Map([...known, ...measured].map((timed) => [timed.layer.key, fastest(timed)]));
  return (layer) => chosen.get(layer.key) ?? predictTile(layer);
}

/** A layer with its shortest time per tile, in the order of {@link tiles}. */
interface TileTimes {
  readonly layer: TiledLayer;
  readonly times: readonly number[];
}

function fastest({ layer, times }: TileTimes): Tile {
  const predicted = predictTile(layer);
  const timed = zip(tiles, times);
  const [best, bestMs] = timed.reduce((a, b) => (b[1] < a[1] ? b : a));
  const isSlower = timed.some(([tile, ms]) => tile === predicted && bestMs * GAIN < ms);
  return isSlower ? best : predicted;
}

/** Times of the layers whose fastest tile did not change in the last pass. */
async function settledTimes(graph: Graph, layers: readonly TiledLayer[], tuner: Tuner): Promise<TileTimes[]> {
  let pending = layers.map(
    (layer): TileTimes => ({ layer, times: tiles.map(() => Number.POSITIVE_INFINITY) }),
  );
  const settled: TileTimes[] = [];
  for (let pass = 0; pass < MOST_PASSES && pending.length > 0; pass++) {
    const again = await timeTiles(graph, pending, tuner);
    const isSettled = zip(again, pending).map(
      ([now, before]) => pass > 0 && fastest(now) === fastest(before),
    );
    settled.push(...again.filter((_, i) => isSettled[i]));
    pending = again.filter((_, i) => !isSettled[i]);
  }
  return settled;
}

/** Runs one more pass over all tiles; returns the shortest times so far. */
async function timeTiles(graph: Graph, layers: readonly TileTimes[], tuner: Tuner): Promise<TileTimes[]> {
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
    times: zip(times, byTile).map(([ms, layersMs]) => Math.min(ms, layersMs[i]!)),
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

/** The layers whose tiles are chosen, one for each key. */
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
