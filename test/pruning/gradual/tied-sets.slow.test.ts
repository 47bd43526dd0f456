import fc from 'fast-check';
import { expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../../src/graph/graph.ts';
import { random } from '../../../src/numeric/random.ts';
import { maskedNetwork, maskTensors } from '../../../src/pruning/gradual/mask-extension.ts';
import { tiedSets } from '../../../src/pruning/gradual/tied-sets.ts';
import { prepareChannels } from '../../../src/pruning/prepared-network.ts';
import { verifyEquivalent } from '../../../src/rewrite/index.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { network } from '../../support/coupled-networks.ts';
import { transformerCouplings } from '../../support/coupled-transformers.ts';
import { coupledGraph, randomNetworks } from '../../support/random-coupled-network.ts';
import { type Activation, activations } from '../../support/residual-network.ts';
import { classifier, convolutionLayer } from '../../support/small-network.ts';

/** Masks a random part of the channel sets of a network, and compares with the network without them. */
async function maskedAndRemoved(given: Graph, seed: number) {
  const prepared = await prepareChannels(given, onnxruntime);
  const sets = tiedSets(prepared, prepared.graph.outputs);
  const { uniform } = random(seed);
  const free = sets.units.flatMap((unit) => unit.sets.filter((root) => !unit.reasons.has(root)));
  const removed = sets.permitted(new Set(free.filter(() => uniform() < 0.4)), new Set());
  const { network: whole, places } = sets.without(new Set());
  const masked = maskedNetwork(whole, places, maskTensors(places, removed));
  const options = { executor: onnxruntime, tolerance: 1e-3 };
  const { error } = await verifyEquivalent(masked, sets.without(removed).network, options);
  return { removed, error };
}

interface Block {
  readonly inner: number;
  readonly activation: Activation;
}

/** A stem of 6 channels, residual blocks on them, and class scores. */
function residualChain(blocks: readonly Block[]): Graph {
  const graph = emptyGraph('chain');
  const g = builderOf(graph);
  let x = g.Relu(
    convolutionLayer(g, g.input('x', 'float32', ['N', 3, 8, 8]), 'stem', { filters: 6, seed: 1 }),
  );
  blocks.forEach(({ inner, activation }, i) => {
    const act = activations[activation];
    const a = act(g, convolutionLayer(g, x, `block${i}.conv1`, { filters: inner, seed: 10 * i + 2 }));
    const b = convolutionLayer(g, a, `block${i}.conv2`, { filters: 6, seed: 10 * i + 3 });
    x = act(g, g.Add(b, x));
  });
  g.output(classifier(g, x, 4), 'scores');
  return graph;
}

it('a masked residual network is the network without what is masked', async () => {
  const block = fc.record({
    inner: fc.integer({ min: 1, max: 8 }),
    activation: fc.constantFrom<Activation>(...(Object.keys(activations) as Activation[])),
  });
  let tied = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 3 }), fc.nat(1000), async (blocks, seed) => {
      const { removed, error } = await maskedAndRemoved(residualChain(blocks), seed);
      // The stem's channels have the lowest numbers, and are those of all sums.
      tied += [...removed].some((root) => root < 6 + 3) ? 1 : 0;
      expect(error).toBeLessThan(1e-5);
    }),
    { numRuns: 40, seed: 3 },
  );
  expect(tied).toBeGreaterThan(20);
});

it('so is any network whose channels are joined, split, gated and moved', async () => {
  await fc.assert(
    fc.asyncProperty(randomNetworks, fc.nat(1000), async (given, seed) => {
      const { error } = await maskedAndRemoved(coupledGraph(given), seed);
      expect(error).toBeLessThan(1e-4);
    }),
    { numRuns: 60, seed: 11 },
  );
});

it.each(Object.entries(transformerCouplings))('so is %s', async (_, body) => {
  const { error } = await maskedAndRemoved(network(body), 1);
  expect(error).toBeLessThan(1e-4);
});
