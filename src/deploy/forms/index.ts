import type { WrittenForm } from '../written-forms.ts';
import { type Convolution, liveStripes } from './convolution.ts';
import { reorderCost } from './cost.ts';
import { cropPlans, crossPlans, densePlan, partPlans } from './parts.ts';
import { type FormPlan, keepsOrder } from './plan.ts';
import { shiftPlans } from './shift.ts';
import { stripePlans } from './stripe-wise.ts';

/** The families of exact forms. Each proposes plans for a convolution, given whether its filters can be reordered. */
const forms = {
  dense: (conv) => [densePlan(conv)],
  crop: cropPlans,
  cross: crossPlans,
  parts: partPlans,
  shift: shiftPlans,
  stripe: stripePlans,
} as const satisfies Readonly<Record<string, (conv: Convolution, free: boolean) => readonly FormPlan[]>>;
type FormName = keyof typeof forms;

const familiesOf: { readonly [F in WrittenForm]: readonly FormName[] } = {
  dense: ['dense'],
  shape: ['dense', 'crop', 'cross', 'parts'],
  stripe: ['stripe', 'crop'],
};

/** The plans of all families, starting with `dense`. */
export const plansOf = (conv: Convolution, free = true): FormPlan[] =>
  Object.values(forms).flatMap((propose) => propose(conv, free));

/** The plan of a written form with the lowest predicted time. */
export function writtenPlan(conv: Convolution, form: WrittenForm): FormPlan {
  const [first = densePlan(conv), ...others] = familiesOf[form].flatMap((name) => forms[name](conv, true));
  if (form === 'stripe') return first;
  return others.reduce((best, plan) => (plan.estimate < best.estimate ? plan : best), first);
}

/** Whether a convolution has zero stripes, but not only zero stripes. */
export const hasDeadStripes = (conv: Convolution): boolean =>
  liveStripes(conv) > 0 && liveStripes(conv) < conv.filters * conv.kernel[0] * conv.kernel[1];

/** Plans with a predicted time above these factors, relative to the dense and to the best plan, are not timed. */
const HOPELESS = { dense: 1.05, best: 1.3 };

/**
 * The dense plan, then those that may be fastest, the most promising first. `free` says whether the filters can be reordered.
 */
export function promisingPlans(conv: Convolution, free: boolean): FormPlan[] {
  const [dense, ...others] = plansOf(conv, free) as [FormPlan, ...FormPlan[]];
  const expected = (plan: FormPlan) => expectedUs(plan, conv, free);
  const least = Math.min(...others.map(expected));
  const limit = Math.min(dense.estimate * HOPELESS.dense, least * HOPELESS.best);
  const hopeful = others.filter((plan) => expected(plan) < limit);
  return [dense, ...hopeful.sort((a, b) => expected(a) - expected(b))];
}

/** Predicted microseconds of a plan, including the restoration of the filter order unless it is `free`. */
export const expectedUs = (plan: FormPlan, conv: Convolution, free: boolean): number =>
  plan.estimate + (free || keepsOrder(plan) ? 0 : reorderCost(conv));
