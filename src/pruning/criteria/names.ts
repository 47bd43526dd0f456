/** The names of the criteria. */
export const criterionNames = [
  'l1-norm',
  'l2-norm',
  'geometric-median',
  'weight-rank',
  'feature-rank',
  'bn-scale',
  'apoz',
  'taylor',
  'random',
] as const;

export type CriterionName = (typeof criterionNames)[number];
