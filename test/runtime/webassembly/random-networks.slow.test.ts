import fc from 'fast-check';
import { describe, it } from 'vitest';
import { expectCompiledEqual } from '../../support/compiled.ts';
import { convolutionGraph, randomConvolutions } from '../../support/random-convolution.ts';
import { coupledGraph, randomNetworks } from '../../support/random-coupled-network.ts';

describe('as WebAssembly', () => {
  it('random convolutions equal onnxruntime', async () => {
    const agrees = fc.asyncProperty(randomConvolutions, (layer) =>
      expectCompiledEqual(convolutionGraph(layer)),
    );
    await fc.assert(agrees, { numRuns: 150, seed: 11 });
  });

  it('random networks equal onnxruntime', async () => {
    const agrees = fc.asyncProperty(randomNetworks, (network) =>
      expectCompiledEqual(coupledGraph({ ...network, free: false })),
    );
    await fc.assert(agrees, { numRuns: 60, seed: 11 });
  });
});
