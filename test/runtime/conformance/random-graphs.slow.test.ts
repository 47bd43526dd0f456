import fc from 'fast-check';
import { describe, it } from 'vitest';
import { toNumbers } from '../../../src/numeric/tensor.ts';
import { chooseExecutor } from '../../../src/runtime/choose.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { expectNear, hasOnednn, runOn } from '../../support/executors.ts';
import { gradientGraph, randomNetworks } from '../../support/random-network.ts';

describe.skipIf(!hasOnednn)('random networks and their gradients', () => {
  it('are the same in oneDNN and in onnxruntime', async () => {
    const { executor } = await chooseExecutor('onednn');
    const agrees = fc.asyncProperty(randomNetworks, async (network) => {
      const { graph, feeds } = gradientGraph(network);
      const expected = await runOn(onnxruntime, graph, feeds);
      const actual = await runOn(executor, graph, feeds);
      const sizes = Object.entries(expected).map(([name, tensor]) =>
        name === 'loss' ? 0 : Math.max(...toNumbers(tensor).map(Math.abs)),
      );
      // What vanishes by symmetry, as the scale in front of a normalisation, is rounding of what is as large as these.
      const floor = Math.max(...sizes);
      for (const [name, tensor] of Object.entries(expected)) {
        expectNear(actual[name]!, toNumbers(tensor), { tolerance: 1e-4, floor, what: name });
      }
    });
    await fc.assert(agrees, { numRuns: 60, seed: 7 });
  });
});
