import type { WrittenForm } from '../written-forms.ts';
import { type Convolution, liveStripes } from './convolution.ts';
import { reorderCost } from './cost.ts';
import { cropPlans, crossPlans, densePlan, partPlans } from './parts.ts';
import { type FormPlan, keepsOrder } from './plan.ts';
import { shiftPlans } from './shift.ts';
import { stripePlans } from './stripe-wise.ts';

/** The families of exact forms; each proposes plans for a convolution, whose filters may be free to stand in any order. */
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

/** The plans of all families, `dense` first. */
export const plansOf = (conv: Convolution, free = true): FormPlan[] =>
  Object.values(forms).flatMap((propose) => propose(conv, free));

/** The plan of a written form that is expected to be quickest. */
export function writtenPlan(conv: Convolution, form: WrittenForm): FormPlan {
  const [first = densePlan(conv), ...others] = familiesOf[form].flatMap((name) => forms[name](conv, true));
  if (form === 'stripe') return first;
  return others.reduce((best, plan) => (plan.estimate < best.estimate ? plan : best), first);
}

/** Whether a convolution has stripes that are zero throughout, and is not wholly so. */
export const hasDeadStripes = (conv: Convolution): boolean =>
  liveStripes(conv) > 0 && liveStripes(conv) < conv.filters * conv.kernel[0] * conv.kernel[1];

/** Plans expected to take longer than this, dense being 1, or the most promising one, are not worth timing. */
const HOPELESS = { dense: 1.05, best: 1.3 };

/** The dense plan, and those that may be quickest, the most promising first; `free` where filters may stand in any order. */
export function promisingPlans(conv: Convolution, free: boolean): FormPlan[] {
  const [dense, ...others] = plansOf(conv, free) as [FormPlan, ...FormPlan[]];
  const expected = (plan: FormPlan) => expectedUs(plan, conv, free);
  const least = Math.min(...others.map(expected));
  const limit = Math.min(dense.estimate * HOPELESS.dense, least * HOPELESS.best);
  const hopeful = others.filter((plan) => expected(plan) < limit);
  return [dense, ...hopeful.sort((a, b) => expected(a) - expected(b))];
}

/** Microseconds that a plan is expected to take, its filters' order restored where they are not `free` to stand in any. */
export const expectedUs = (plan: FormPlan, conv: Convolution, free: boolean): number =>
  plan.estimate + (free || keepsOrder(plan) ? 0 : reorderCost(conv));
