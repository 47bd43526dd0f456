/** Prunes one ONNX file at a ratio and prints what became of it, a line of JSON: `prune.ts FILE RATIO`. */

import { type Coupling, channelGroups } from '../../src/channels/channel-groups.ts';
import { keepOneChannel } from '../../src/channels/keep-one-channel.ts';
import { maskedReference } from '../../src/channels/masked-reference.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { removeChannels } from '../../src/channels/remove-channels.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { scoreLayers } from '../../src/pruning/criteria/index.ts';
import { openSelection } from '../../src/pruning/ranking/selection.ts';
import { setScores } from '../../src/pruning/ranking/set-scores.ts';
import { pruningUnits } from '../../src/pruning/ranking/units.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { halved } from './half.ts';
import type { Pruned } from './row.ts';

/** The classes of the lowest l1-norm of every unit, as many as the ratio says; widths are not rounded. */
async function lowest(graph: Graph, coupling: Coupling, ratio: number): Promise<Set<number>> {
  const { found } = coupling;
  const units = pruningUnits(coupling);
  const scored = await scoreLayers(graph, found, {
    criterion: 'l1-norm',
    side: 'filters',
    executor: onnxruntime,
    calibration: null,
    seed: 0,
  });
  const scores = setScores(found, scored, { normalize: 'mean', reduce: 'mean' });
  const rules = { scope: 'local', layerRatios: [], round: 1, floor: 0, original: new Map() } as const;
  const selector = openSelection({ units, scores }, rules);
  return keepOneChannel(found, selector.removed(selector.widths(ratio)));
}

async function pruned(path: string, ratio: number): Promise<Pruned> {
  const half = await halved(readModelFile(path));
  const started = performance.now();
  const graph = await prepareForPruning(readModelFile(path), onnxruntime);
  const before = macsOf(graph);
  const ready = performance.now();
  const coupling = channelGroups(graph);
  const removed = await lowest(graph, coupling, ratio);
  const ranked = performance.now();
  const masked = maskedReference(graph, coupling.found, removed)!;
  const original = maskedReference(graph, coupling.found, new Set())!;
  const cutting = performance.now();
  removeChannels(graph, coupling.found, removed);
  const cut = performance.now();
  const { error } = await verifyEquivalent(masked, graph, { executor: onnxruntime, tolerance: Infinity });
  const { error: effect } = await verifyEquivalent(original, masked, {
    executor: onnxruntime,
    tolerance: Infinity,
  });
  return {
    nodes: graph.nodes.length,
    ...groupCounts(coupling),
    macsKept: macsOf(graph) / before,
    ...half,
    error,
    effect,
    prepareMs: ready - started,
    analysisMs: ranked - ready,
    cutMs: cut - cutting,
  };
}

const macsOf = (graph: Graph): number => layerCosts(graph).reduce((sum, { macs }) => sum + macs, 0);

function groupCounts({ groups }: Coupling): Pick<Pruned, 'groups' | 'leftAlone'> {
  const leftAlone = groups.flatMap(({ root, layers, sets: classes, reasons }) => {
    const [reason] = reasons.values();
    return reason === undefined
      ? []
      : [{ root, layers: layers.length, whole: reasons.size === classes.length, reason }];
  });
  return { groups: groups.length, leftAlone };
}

const [path = '', ratio = '0.5'] = process.argv.slice(2);
console.log(JSON.stringify(await pruned(path, Number(ratio))));
