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

/** A form that a layer would be tried in. */
interface ExpectedForm {
  readonly form: string;
  /** By the cost model: one core with AVX-512, in onnxruntime in Node. */
  readonly expectedMs: number;
  /** For one image. */
  readonly macs: number;
}

/** A layer with dead stripes, and its forms: `dense`, then those that may be quicker, the most promising first. */
export interface ExpectedLayer {
  readonly name: string;
  readonly forms: readonly ExpectedForm[];
}

/** What deploying a network would try. */
export interface Expectation {
  readonly layers: readonly ExpectedLayer[];
  readonly leftAlone: readonly Refused[];
  /** For one image: of the network given, and of what lives in it. */
  readonly macs: { readonly before: number; readonly live: number };
}

interface ExpectOptions {
  readonly executor: Executor;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/** The forms that each layer of a network would be tried in, in its own widths, and what they are expected to take. Times nothing. */
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
