import { rank, type TimedModel, type Timer } from '../measure/timer.ts';
import { zip } from '../numeric/zip.ts';
import { serializeModel } from '../onnx/index.ts';
import { inContext, planMacs } from './context.ts';
import { expectedUs, promisingPlans } from './forms/index.ts';
import type { FormPlan } from './forms/plan.ts';
import type { DeadStripeLayer } from './lower.ts';

/** The measured time of a layer in one form. */
export interface TimedForm {
  readonly form: string;
  /** The time that the layer adds to its context. */
  readonly ms: number;
  readonly macs: number;
}

/** The plans of a layer with their times, starting with `dense`. */
export interface TimedLayer {
  readonly name: string;
  readonly best: FormPlan;
  readonly plans: readonly FormPlan[];
  readonly forms: readonly TimedForm[];
  readonly cached: boolean;
}

/** Lower bound of a layer's time in ms: a difference of two measured times may be 0. */
const LEAST_MS = 1e-4;

/** Times the promising plans of a layer in the context of its neighbours. */
export async function timePlans(layer: DeadStripeLayer, timer: Timer): Promise<TimedLayer> {
  const plans = promisingPlans(layer.conv, layer.own);
  const macs = plans.map((plan) => planMacs(layer, plan));
  const timed = zip(plans, macs).map(([plan, own]) => timedPlan(layer, plan, own));
  const { ms, besideMs, best, cached } = await rank(timed, timer, timedPlan(layer, null, 0));
  const forms = zip(plans, ms, macs).map(([{ form }, own, count]) => ({
    form,
    ms: Math.max(LEAST_MS, own - besideMs!),
    macs: count,
  }));
  return { name: layer.name, best: plans[best]!, plans, forms, cached };
}

function timedPlan(layer: DeadStripeLayer, plan: FormPlan | null, macs: number): TimedModel {
  const { filters, channels, group, kernel, input, strides, dilations, pads } = layer.conv;
  const shape = { filters, channels, groups: group, kernel, input, strides, dilations, pads };
  const place = { own: layer.own, reader: layer.reader };
  return {
    key: JSON.stringify({ ...shape, ...place, form: plan && [plan.form, plan.signature] }),
    macs,
    expectedMs: plan ? expectedUs(plan, layer.conv, layer.own) / 1000 : 0,
    model: () => serializeModel(inContext(layer, plan)),
  };
}
