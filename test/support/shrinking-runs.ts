import type { Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { type StripeControllerOptions, stripeController } from '../../src/stripes/controller.ts';
import { stripeLayers } from '../../src/stripes/layers.ts';
import type { Controller, TrainOptions } from '../../src/training/options.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { train } from '../../src/training/train.ts';
import { relativeError } from './relative-error.ts';
import { normals, outputOf } from './run-graph.ts';
import { trainingOptions } from './training-options.ts';

/** Filters that are killed by hand, by layer, after a step. */
export interface Killing {
  readonly afterStep: number;
  readonly filters: Readonly<Record<string, readonly number[]>>;
}

/** Trains for 3 epochs of 4 steps, filters dying by hand. The pace alone kills nothing. */
export async function trained(
  network: Graph,
  killings: readonly Killing[],
  settings: Partial<TrainOptions & Controlled> = {},
) {
  const losses: number[] = [];
  const controller = killer(network, killings, settings);
  const changes = { momentum: 0.9, weightDecay: 1e-3, learningRate: 0.02, ...settings, controller };
  const onStep: TrainOptions['onStep'] = ({ loss }) => losses.push(loss);
  const result = await train(trainingOptions(network, { onStep, ...changes }));
  return { ...result, losses, controller };
}

/** How the controller shrinks. */
type Controlled = Pick<StripeControllerOptions, 'shrink' | 'shrinkMultiple' | 'freezeWeights'>;

/** A controller that zeroes masks, skeletons and their momentum in the state itself, which it is shown as views. */
function killer(network: Graph, killings: readonly Killing[], settings: Controlled) {
  const controller = stripeController({
    ...stripeLayers(network),
    ...{ pace: 'threshold', alpha: 1e-3, threshold: -1, target: null, until: 1 },
    ...{ shrinkMultiple: 1, weightDecay: 1e-3, ...settings },
  });
  const kill: Controller['afterStep'] = (moment, state) => {
    controller.afterStep(moment, state);
    const due = killings.find(({ afterStep }) => afterStep === moment.step);
    for (const [layer, dead] of Object.entries(due?.filters ?? {})) {
      for (const part of ['skeleton', 'skeleton.mask', 'skeleton.momentum']) {
        const tensor = state()[`${layer}.weight.${part}`]!;
        for (const m of dead) (tensor.data as Float32Array).fill(0, m * 9, (m + 1) * 9);
      }
    }
  };
  return { ...controller, afterStep: kill };
}

/** Trains with dead filters kept and cut: both runs, and the relative distance of their losses and of their networks. */
export async function both(
  network: Graph,
  killing: Killing,
  settings: Partial<TrainOptions & Controlled> = {},
) {
  const prepared = await prepareNetwork(network, onnxruntime);
  const kept = await trained(prepared, [killing], { ...settings, shrink: false });
  const shrunk = await trained(prepared, [killing], settings);
  const input = normals([3, 3, 8, 8], 11);
  const [expected, actual] = [await outputOf(kept.network, input), await outputOf(shrunk.network, input)];
  return {
    kept,
    shrunk,
    lossError: relativeError(shrunk.losses, kept.losses),
    outputError: relativeError(actual, expected),
  };
}

/** The numbers below `count` but for some. */
export const without = (count: number, dead: readonly number[]) =>
  [...Array(count).keys()].filter((m) => !dead.includes(m));
