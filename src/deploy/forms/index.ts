import { type Convolution, liveStripes } from './convolution.ts';
import { cropPlans, crossPlans, densePlan, partPlans } from './parts.ts';
import type { Plan } from './plan.ts';
import { shiftPlans } from './shift.ts';
import { stripePlans } from './stripe-wise.ts';

/** The families of exact forms; each proposes plans for a convolution. */
const forms = {
  dense: (conv) => [densePlan(conv)],
  crop: cropPlans,
  cross: crossPlans,
  parts: partPlans,
  shift: shiftPlans,
  stripe: stripePlans,
} as const satisfies Readonly<Record<string, (conv: Convolution) => readonly Plan[]>>;
type FormName = keyof typeof forms;

/** Ways for `swp --form` to write a network: zeros kept, kernels cropped, the fewest MACs. */
export const writtenForms = ['dense', 'shape', 'stripe'] as const;
export type WrittenForm = (typeof writtenForms)[number];

const familiesOf: { readonly [F in WrittenForm]: readonly FormName[] } = {
  dense: ['dense'],
  shape: ['dense', 'crop', 'cross', 'parts'],
  stripe: ['stripe', 'crop'],
};

/** Plans of some families of forms (default: all), `dense` first among them. */
export const plansOf = (
  conv: Convolution,
  families: readonly FormName[] = Object.keys(forms) as FormName[],
): Plan[] => families.flatMap((name) => forms[name](conv));

/** The plan of a written form that is expected to be quickest. */
export function writtenPlan(conv: Convolution, form: WrittenForm): Plan {
  const [first = densePlan(conv), ...others] = plansOf(conv, familiesOf[form]);
  if (form === 'stripe') return first;
  return others.reduce((best, plan) => (plan.estimate < best.estimate ? plan : best), first);
}

/** Whether a convolution has stripes that are zero throughout, and is not wholly so. */
export const hasDeadStripes = (conv: Convolution): boolean =>
  liveStripes(conv) > 0 && liveStripes(conv) < conv.filters * conv.kernel[0] * conv.kernel[1];

/** Plans expected to take longer than this, dense being 1, are not worth timing. */
const HOPELESS = 1.1;
/** Most plans that are timed beside the dense one. */
const MOST_TIMED = 5;

/** The dense plan, and those that may be quicker, the most promising first. */
export function promisingPlans(conv: Convolution): Plan[] {
  const [dense, ...others] = plansOf(conv) as [Plan, ...Plan[]];
  const hopeful = others.filter(({ estimate }) => estimate < dense.estimate * HOPELESS);
  hopeful.sort((a, b) => a.estimate - b.estimate);
  return [dense, ...hopeful.slice(0, MOST_TIMED)];
}
