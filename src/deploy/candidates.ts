import type { Refused } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { type InputFeeds, inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { withFixedShapes } from '../measure/bind-shapes.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { costs } from '../measure/macs.ts';
import { modelAt, type TimedModel, type Timer } from '../measure/timer.ts';
import type { FormPlan } from './forms/plan.ts';
import { type TimedForm, type TimedLayer, timePlans } from './layer-plans.ts';
import { lowerConvolutions } from './lower.ts';
import type { Prepared, Variant } from './prepare.ts';

/** A variant, and what each of its layers takes in each form. */
export interface TimedVariant extends Variant {
  readonly layers: readonly TimedLayer[];
  /** For one image, all layers dense. */
  readonly macs: number;
  readonly leftAlone: readonly Refused[];
}

/** A whole network that could be shipped: a variant, and plans for some of its layers. */
export interface Candidate {
  readonly variant: TimedVariant;
  /** By layer; those that are missing stay dense. */
  readonly plans: ReadonlyMap<string, FormPlan>;
}

/** Times every layer of a variant that has dead stripes, each between its neighbours. */
export async function timeVariant(variant: Variant, timing: LayerTiming): Promise<TimedVariant> {
  const { timer, size, onLayer } = timing;
  const sized = withFixedShapes(variant.graph, { size, batch: 1 });
  const layers: TimedLayer[] = [];
  const { leftAlone } = await lowerConvolutions(
    variant.graph,
    async (layer) => {
      const timed = await timePlans(layer, timer);
      layers.push(timed);
      onLayer?.(timed);
      return null;
    },
    sized,
  );
  return { ...variant, layers, macs: costs(sized).macs, leftAlone };
}

export interface LayerTiming {
  readonly timer: Timer;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly onLayer?: ((layer: TimedLayer) => void) | undefined;
}

/** Gains of layers, dense being 1, below which a candidate leaves them dense. */
const LEAST_GAINS = [1, 1.1, 1.3];

/** A variant, all layers dense, none of them timed. */
export function denseCandidate(variant: Variant, { size }: LayerTiming): Candidate {
  const { macs } = costs(variant.graph, { size });
  return { variant: { ...variant, layers: [], leftAlone: [], macs }, plans: new Map() };
}

/** Of a variant: dense throughout, every layer in its best form, and only those that gain much so. */
export function candidatesOf(variant: TimedVariant): Candidate[] {
  const all = LEAST_GAINS.map((gain) => ({ variant, plans: gainingPlans(variant.layers, gain) }));
  const distinct = new Map(
    [{ variant, plans: new Map<string, FormPlan>() }, ...all].map((candidate) => [
      candidateKey(candidate),
      candidate,
    ]),
  );
  return [...distinct.values()];
}

function gainingPlans(layers: readonly TimedLayer[], gain: number): Map<string, FormPlan> {
  const gaining = layers.filter(
    (layer) => layer.best.form !== 'dense' && formOf(layer).ms >= formOf(layer, layer.best.form).ms * gain,
  );
  return new Map(gaining.map(({ name, best }) => [name, best]));
}

const candidateKey = ({ variant, plans }: Candidate): string =>
  JSON.stringify([
    variant.multiple,
    [...plans].map(([name, { form, signature }]) => [name, form, signature]),
  ]);

/** The network of a candidate. */
export async function candidateNetwork({ variant, plans }: Candidate, size?: ImageSize): Promise<Graph> {
  const sized = withFixedShapes(variant.graph, { size, batch: 1 });
  const { graph } = await lowerConvolutions(variant.graph, ({ name }) => plans.get(name) ?? null, sized);
  return graph;
}

/** A candidate to be timed as a whole; networks are made when they are needed. */
export function timedCandidate(candidate: Candidate, { digest }: Prepared, size?: ImageSize): TimedModel {
  let model: Uint8Array | null = null;
  const inputs = inputFeedsOf(candidate.variant.graph);
  return {
    inputs,
    key: `${digest} ${shapesKey(size, inputs)} ${candidateKey(candidate)}`,
    macs: estimatedMacs(candidate),
    expectedMs: layersMs(candidate),
    model: async () => {
      model ??= modelAt(await candidateNetwork(candidate, size), size);
      return model;
    },
  };
}

/** The size and the shapes of inputs that were given. */
const shapesKey = (size: ImageSize | undefined, inputs: InputFeeds): string => {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name}=${shape.join('x')}`);
  const given = typeof size === 'object' ? extents(size).join('x') : (size ?? '');
  return [given, ...shapes].join(' ');
};

/** MACs that tell candidates of one network apart. */
const estimatedMacs = ({ variant, plans }: Candidate): number =>
  variant.layers.reduce(
    (sum, layer) => sum - formOf(layer).macs + formOf(layer, plans.get(layer.name)?.form).macs,
    variant.macs,
  );

/** What the layers of a candidate take by themselves. */
const layersMs = ({ variant, plans }: Candidate): number =>
  variant.layers.reduce((sum, layer) => sum + formOf(layer, plans.get(layer.name)?.form).ms, 0);

/** What a layer takes in a form, dense where there is none. */
const formOf = ({ forms }: TimedLayer, form = 'dense'): TimedForm => forms.find((one) => one.form === form)!;
