import type { Graph } from '../graph/graph.ts';
import { withFixedShapes } from '../measure/bind-shapes.ts';
import { costs } from '../measure/macs.ts';
import { serializeModel } from '../onnx/index.ts';
import type { Plan } from './forms/plan.ts';
import { type TimedLayer, timePlans } from './layer-plans.ts';
import { type Lowering, lowerConvolutions } from './lower.ts';
import type { Prepared, Variant } from './prepare.ts';
import type { Timed, Timer } from './timer.ts';

/** A variant, and what each of its layers takes in each form. */
export interface TimedVariant extends Variant {
  readonly layers: readonly TimedLayer[];
  /** For one image, all layers dense. */
  readonly macs: number;
  readonly leftAlone: Lowering['leftAlone'];
}

/** A whole network that could be shipped: a variant, and plans for some of its layers. */
export interface Candidate {
  readonly variant: TimedVariant;
  /** By layer; those that are missing stay dense. */
  readonly plans: ReadonlyMap<string, Plan>;
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
  readonly size?: number | undefined;
  readonly onLayer?: ((layer: TimedLayer) => void) | undefined;
}

/** Gains of layers, dense being 1, below which a candidate leaves them dense. */
const LEAST_GAINS = [1, 1.1, 1.3];

/** Of each variant: dense throughout, every layer in its best form, and only those that gain much so. */
export function candidatesOf(variants: readonly TimedVariant[]): Candidate[] {
  const all = variants.flatMap((variant) => [
    { variant, plans: new Map<string, Plan>() },
    ...LEAST_GAINS.map((gain) => ({ variant, plans: gainingPlans(variant.layers, gain) })),
  ]);
  const distinct = new Map(all.map((candidate) => [candidateKey(candidate), candidate]));
  return [...distinct.values()];
}

function gainingPlans(layers: readonly TimedLayer[], gain: number): Map<string, Plan> {
  const gaining = layers.filter(({ best, forms }) => {
    const own = forms.find(({ form }) => form === best.form)!;
    return best.form !== 'dense' && forms[0]!.ms >= own.ms * gain;
  });
  return new Map(gaining.map(({ name, best }) => [name, best]));
}

const candidateKey = ({ variant, plans }: Candidate): string =>
  JSON.stringify([
    variant.multiple,
    [...plans].map(([name, { form, signature }]) => [name, form, signature]),
  ]);

/** The network of a candidate. */
export async function networkOf({ variant, plans }: Candidate, size?: number): Promise<Graph> {
  const sized = withFixedShapes(variant.graph, { size, batch: 1 });
  const { graph } = await lowerConvolutions(variant.graph, ({ name }) => plans.get(name) ?? null, sized);
  return graph;
}

/** A candidate to be timed as a whole; networks are made when they are needed. */
export function timedCandidate(candidate: Candidate, { digest }: Prepared, size?: number): Timed {
  let model: Uint8Array | null = null;
  return {
    key: `${digest} ${size ?? ''} ${candidateKey(candidate)}`,
    macs: estimatedMacs(candidate),
    model: async () => {
      model ??= serializeModel(await networkOf(candidate, size));
      return model;
    },
  };
}

/** MACs that tell candidates of one network apart: those of layers that have plans, and of the variant. */
function estimatedMacs({ variant, plans }: Candidate): number {
  const saved = variant.layers.map(({ name, forms }) => {
    const form = forms.find((one) => one.form === plans.get(name)?.form);
    return form ? forms[0]!.macs - form.macs : 0;
  });
  return variant.macs - saved.reduce((sum, macs) => sum + macs, 0);
}
