import type { PruningTarget } from './ranking/targets.ts';

/** The fraction of the way to the target that is covered after each of `steps` cuts; t runs from 0 to 1. */
export const pruningSchedules = {
  linear: (t: number) => t,
  /** 1 − (1 − t)³: large cuts first (Zhu & Gupta, 2017, arXiv:1710.01878). */
  cubic: (t: number) => 1 - (1 - t) ** 3,
} as const;

/** `linear`: equal steps; `cubic`: large cuts first, 1 − (1 − t)³. */
export type PruningSchedule = keyof typeof pruningSchedules;
export const pruningScheduleNames = Object.keys(pruningSchedules) as PruningSchedule[];

/** The target of each step. All refer to the original network, so they do not compound: 30 % in six steps ends at 30 %. */
export function stepTargets(
  { measure, fraction }: PruningTarget,
  { steps, schedule }: { readonly steps: number; readonly schedule: PruningSchedule },
): PruningTarget[] {
  return Array.from({ length: steps }, (_, i) => {
    const part = pruningSchedules[schedule]((i + 1) / steps);
    return { measure, fraction: measure === 'ratio' ? fraction * part : 1 - (1 - fraction) * part };
  });
}
