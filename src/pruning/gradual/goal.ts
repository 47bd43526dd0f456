import type { RunPosition } from '../../training/options.ts';
import type { SelectionRules } from '../ranking/selection.ts';
import { pruningSchedules } from '../schedule.ts';

/** When channel sets are masked. */
export interface MaskingPace {
  /** The fraction of the run after which the target is met. */
  readonly until: number;
  /** Steps between two maskings; scores are accumulated over the first two such intervals. */
  readonly every: number;
}

/** The goal of one masking. */
export interface MaskingGoal {
  /** The fraction of the original cost to keep. */
  readonly part: number;
  readonly rules: SelectionRules;
  readonly isLast: boolean;
}

interface FinalGoal extends MaskingPace, Pick<MaskingGoal, 'part' | 'rules'> {}

/** The goal after a step; null if nothing is masked then. */
export function goalAt({ step, totalSteps }: RunPosition, final: FinalGoal): MaskingGoal | null {
  const { every, until, part, rules } = final;
  const last = Math.max(1, Math.round(until * totalSteps));
  if (step === last) return { part, rules, isLast: true };
  if (step > last || step < 2 * every || step % every !== 0) return null;
  const way = pruningSchedules.cubic((step - every) / (last - every));
  const layerRatios = rules.layerRatios.map(({ glob, ratio }) => ({ glob, ratio: ratio * way }));
  return { part: 1 - (1 - part) * way, rules: { ...rules, layerRatios, round: 1 }, isLast: false };
}
