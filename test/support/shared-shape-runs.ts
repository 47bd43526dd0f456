import type { Graph } from '../../src/graph/graph.ts';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { type StripeControllerOptions, stripeController } from '../../src/stripes/controller.ts';
import { stripeLayers } from '../../src/stripes/layers.ts';
import type { SharedShape } from '../../src/stripes/learning.ts';
import { normalizeStripes } from '../../src/stripes/stripe-norms.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { trainingOptions } from './training-options.ts';

interface Sharing {
  readonly block: number;
  readonly shapes: SharedShape;
}

/** A run towards `target` of the MACs, from stripe norms, and what its masks were after each step. */
export async function started(
  given: Graph,
  sharing: Sharing | null,
  changes: Partial<TrainOptions & StripeControllerOptions> = {},
) {
  const prepared = await prepareNetwork(given, onnxruntime);
  const { network, skeletons } = normalizeStripes(prepared, stripeLayers(prepared).layers);
  const found = stripeLayers(network);
  const controller = stripeController({
    ...{ ...found, start: skeletons, pace: 'gradual', alpha: 1e-3, threshold: 0.01, target: 0.5, until: 0.8 },
    ...(sharing ? { shared: { ...sharing, network } } : {}),
    ...changes,
  });
  const seen: Tensors[] = [];
  const spy: typeof controller = {
    ...controller,
    afterStep(moment, state) {
      const masks = found.layers.map(({ weight }) => `${weight.name}.skeleton.mask`);
      const now = state();
      seen.push(Object.fromEntries(masks.flatMap((name) => (now[name] ? [[name, copyOf(now[name])]] : []))));
      controller.afterStep(moment, state);
    },
  };
  const options = trainingOptions(network, { epochs: 12, learningRate: 0.02, ...changes, controller: spy });
  return { network, controller, seen, options, layers: found.layers };
}

const copyOf = (tensor: Tensors[string]) => ({ ...tensor, data: (tensor.data as Float32Array).slice() });
