import type { Refused } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { withFixedShapes } from '../measure/bind-shapes.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { costs } from '../measure/macs.ts';
import type { Executor } from '../runtime/executor.ts';
import { planMacs } from './context.ts';
import { expectedUs, promisingPlans } from './forms/index.ts';
import { liveMacs } from './live-macs.ts';
import { type DeadStripeLayer, lowerConvolutions } from './lower.ts';
import { prepareForDeployment } from './prepare.ts';

/** A form in which a layer would be timed. */
interface ExpectedForm {
  readonly form: string;
  /** Predicted by the cost model: one core with AVX-512, onnxruntime in Node. */
  readonly expectedMs: number;
  /** MACs per image. */
  readonly macs: number;
}

/** A layer with dead stripes, and its forms: first `dense`, then those that may be faster, the most promising first. */
export interface ExpectedLayer {
  readonly name: string;
  readonly forms: readonly ExpectedForm[];
}

/** The forms that deploying a network would time. */
export interface Expectation {
  readonly layers: readonly ExpectedLayer[];
  readonly leftAlone: readonly Refused[];
  /** MACs per image: of the given network, and of its living stripes. */
  readonly macs: { readonly before: number; readonly live: number };
}

interface ExpectOptions {
  readonly executor: Executor;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/**
 * Lists the forms in which each layer of a network would be timed, at its own width, with their predicted times. Times
 * nothing.
 */
export async function expectForms(network: Graph, { executor, size }: ExpectOptions): Promise<Expectation> {
  const prepared = await prepareForDeployment(network, executor);
  const sized = withFixedShapes(prepared.graph, { size, batch: 1 });
  const layers: ExpectedLayer[] = [];
  const { leftAlone } = await lowerConvolutions(
    prepared.graph,
    (layer) => {
      layers.push(expectedLayer(layer));
      return null;
    },
    sized,
  );
  return {
    layers,
    leftAlone: [...prepared.leftAlone, ...leftAlone],
    macs: { before: costs(network, { size }).macs, live: liveMacs(prepared.graph, size) },
  };
}

function expectedLayer(layer: DeadStripeLayer): ExpectedLayer {
  const { name, conv, own } = layer;
  const forms = promisingPlans(conv, own).map((plan) => ({
    form: plan.form,
    expectedMs: expectedUs(plan, conv, own) / 1000,
    macs: planMacs(layer, plan),
  }));
  return { name, forms };
}
