import type { Refused } from '../graph/edit/refused.ts';
import { type InputFeeds, inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { withFixedShapes } from '../measure/bind-shapes.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { costs } from '../measure/macs.ts';
import { modelAt, type TimedModel, type Timer } from '../measure/timer.ts';
import type { FormPlan } from './forms/plan.ts';
import { type TimedForm, type TimedLayer, timePlans } from './layer-plans.ts';
import { type LoweredNetwork, lowerConvolutions } from './lower.ts';
import type { Prepared, Variant } from './prepare.ts';

/** A variant with the time of each layer in each form. */
export interface TimedVariant extends Variant {
  readonly layers: readonly TimedLayer[];
  /** MACs per image if all layers are dense. */
  readonly macs: number;
  readonly leftAlone: readonly Refused[];
}

/** A complete network that could be deployed: a variant, and a plan for some of its layers. */
export interface Candidate {
  readonly variant: TimedVariant;
  /** By layer name; layers without a plan stay dense. */
  readonly plans: ReadonlyMap<string, FormPlan>;
}

/** Times every layer of a variant that has dead stripes, in the context of its neighbours. */
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
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly onLayer?: ((layer: TimedLayer) => void) | undefined;
}

/** Candidates leave layers dense whose speed-up over dense is below one of these. */
const LEAST_GAINS = [1, 1.1, 1.3];

/** A candidate in which all layers are dense; nothing is timed. */
export function denseCandidate(variant: Variant, { size }: LayerTiming): Candidate {
  const { macs } = costs(variant.graph, { size });
  return { variant: { ...variant, layers: [], leftAlone: [], macs }, plans: new Map() };
}

/**
 * The candidates of a variant: all layers dense; every layer in its fastest form; only those layers in their fastest form
 * that gain most; and every layer in the form that is predicted to be fastest, since a layer that is slow between its neighbours
 * may be fast in the whole network.
 */
export function candidatesOf(variant: TimedVariant): Candidate[] {
  const dense = new Map<string, FormPlan>();
  const gaining = LEAST_GAINS.map((gain) => gainingPlans(variant.layers, gain));
  const all = [dense, ...gaining, predictedPlans(variant.layers)].map((plans) => ({ variant, plans }));
  return [...new Map(all.map((candidate) => [candidateKey(candidate), candidate])).values()];
}

/** The first plan of each layer after `dense`: plans are in the order of their predicted times. */
const predictedPlans = (layers: readonly TimedLayer[]): Map<string, FormPlan> =>
  new Map(layers.flatMap(({ name, plans: [, first] }) => (first ? [[name, first]] : [])));

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

/** Builds the network of a candidate. */
export function candidateNetwork({ variant, plans }: Candidate, size?: ImageSize): Promise<LoweredNetwork> {
  const sized = withFixedShapes(variant.graph, { size, batch: 1 });
  return lowerConvolutions(variant.graph, ({ name }) => plans.get(name) ?? null, sized);
}

/** A candidate to be timed as a whole network, which is built only if needed. */
export function timedCandidate(candidate: Candidate, { digest }: Prepared, size?: ImageSize): TimedModel {
  let model: Uint8Array | null = null;
  const inputs = inputFeedsOf(candidate.variant.graph);
  return {
    inputs,
    key: `${digest} ${shapesKey(size, inputs)} ${candidateKey(candidate)}`,
    macs: estimatedMacs(candidate),
    expectedMs: layersMs(candidate),
    model: async () => {
      model ??= modelAt((await candidateNetwork(candidate, size)).graph, size);
      return model;
    },
  };
}

/** A cache key of the given size and input shapes. */
const shapesKey = (size: ImageSize | undefined, inputs: InputFeeds): string => {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name}=${shape.join('x')}`);
  const given = typeof size === 'object' ? extents(size).join('x') : (size ?? '');
  return [given, ...shapes].join(' ');
};

/** Estimated MACs, which are sufficient to compare candidates of one network. */
const estimatedMacs = ({ variant, plans }: Candidate): number =>
  variant.layers.reduce(
    (sum, layer) => sum - formOf(layer).macs + formOf(layer, plans.get(layer.name)?.form).macs,
    variant.macs,
  );

/** Sum of the times of a candidate's layers. */
const layersMs = ({ variant, plans }: Candidate): number =>
  variant.layers.reduce((sum, layer) => sum + formOf(layer, plans.get(layer.name)?.form).ms, 0);

/** A layer's time in a form; default: dense. */
const formOf = ({ forms }: TimedLayer, form = 'dense'): TimedForm => forms.find((one) => one.form === form)!;
