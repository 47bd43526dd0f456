import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { stripeController } from '../../src/stripes/controller.ts';
import { skeletonOf, stripeLayers } from '../../src/stripes/layers.ts';
import { normalizeStripes } from '../../src/stripes/stripe-norms.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { residualNetwork } from '../support/small-network.ts';

const settings = { pace: 'gradual', alpha: 0, threshold: 0, target: 0.5, until: 1, totalMacs: 1 } as const;

/** The controller of a network whose stripes are normalised, and the state that training starts from. */
async function started(network: Graph) {
  const { layers } = stripeLayers(network);
  const { network: normalized, skeletons } = normalizeStripes(network, layers);
  const controller = stripeController({ ...settings, layers, start: skeletons });
  const step = await openTrainingStep(bindDimensions(normalized, 2), {
    task: classification(),
    optimizer: 'sgd',
    extensions: controller.extensions,
    executor: onnxruntime,
  });
  const state = step.state();
  await step.close();
  return { layers, normalized, controller, state };
}

describe('skeletons that start from the norms of stripes', () => {
  it('leave the network the same function', async () => {
    const network = residualNetwork();
    const { normalized, controller, state } = await started(network);
    const { error } = await verifyEquivalent(network, controller.network(normalized, state), {
      executor: onnxruntime,
    });
    expect(error).toBeLessThan(1e-6);
  });

  it('rank the stripes of a layer as their norms do, around 1', async () => {
    const network = residualNetwork();
    const { layers, state } = await started(network);
    for (const layer of layers) {
      const { shape, data } = layer.weight.tensor!;
      const [filters, channels, kH, kW] = shape as [number, number, number, number];
      const weights = data as Float32Array;
      const norms = Array.from({ length: filters * kH * kW }, (_, stripe) => {
        const [m, p] = [Math.floor(stripe / (kH * kW)), stripe % (kH * kW)];
        return Math.hypot(
          ...Array.from({ length: channels }, (_, c) => weights[(m * channels + c) * kH * kW + p]!),
        );
      });
      const starts = [...skeletonOf(state, layer)];
      const order = (list: readonly number[]) => [...list.keys()].sort((a, b) => list[a]! - list[b]!);
      expect(order(starts)).toEqual(order(norms));
      expect(starts.reduce((a, b) => a + b) / starts.length).toBeCloseTo(1, 5);
    }
  });

  it('keep a stripe of zeros finite', () => {
    const network = residualNetwork();
    const { layers } = stripeLayers(network);
    const [layer] = layers;
    layer!.weight.tensor = floats(
      layer!.weight.tensor!.shape,
      (layer!.weight.tensor!.data as Float32Array).map((weight, i) => (i % 9 === 4 ? 0 : weight)),
    );
    const { network: normalized } = normalizeStripes(network, layers);
    for (const { tensor } of normalized.initializers) {
      expect([...(tensor!.data as Float32Array)].every(Number.isFinite)).toBe(true);
    }
  });
});
