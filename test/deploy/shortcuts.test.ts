import { expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { cutChannels } from '../../src/channels/cut-channels.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { deployNetwork } from '../../src/deploy/deploy.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { findResiduals } from '../../src/residual/find.ts';
import { untieResiduals } from '../../src/residual/untie.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';
import { machine } from '../support/timing-machine.ts';

/** A residual block that carries all but some channels of what comes in. */
async function carryingNetwork(dropped: number): Promise<Graph> {
  const graph = await prepareForPruning(untieResiduals(residualNetwork()).graph, onnxruntime);
  const coupling = channelGroups(graph);
  const reserve = coupling.found.layers.find(({ node }) => node.name === 'block.add.reserve')!;
  const sets = Array.from({ length: dropped }, (_, i) => coupling.found.sets.find(reserve.first + i));
  return cutChannels({ graph, coupling }, new Set(sets)).graph;
}

const fewestMacs = (graph: Graph): number => costs(graph).macs / 1e6;
const fewestNodes = ({ nodes }: Graph): number => nodes.length;

it.each([
  { dropped: 0, msOf: fewestMacs, form: 'identity', sums: 1, convolutions: 3 },
  { dropped: 0, msOf: fewestNodes, form: 'dirac', sums: 0, convolutions: 3 },
  { dropped: 5, msOf: fewestMacs, form: 'selection', sums: 1, convolutions: 4 },
  { dropped: 5, msOf: fewestNodes, form: 'dirac', sums: 0, convolutions: 3 },
])('channels are carried in the quickest form: $form where $dropped are not', async (row) => {
  const network = await carryingNetwork(row.dropped);
  const timer = machine(row.msOf);
  const { graph, shortcuts } = await deployNetwork(network, { executor: onnxruntime, timer, seconds: 0.01 });
  expect(shortcuts).toEqual([{ add: 'block.add', form: row.form }]);
  expect(findResiduals(graph)).toHaveLength(row.sums);
  expect(graph.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(row.convolutions);
  const images = normals([2, 3, 8, 8], 5);
  expect(relativeError(await outputOf(graph, images), await outputOf(network, images))).toBeLessThan(1e-5);
});

it('shortcuts that do more than select channels stay as they are', async () => {
  const timer = machine(fewestNodes);
  const { shortcuts } = await deployNetwork(residualNetwork(), {
    executor: onnxruntime,
    timer,
    seconds: 0.01,
  });
  expect(shortcuts).toEqual([]);
});
