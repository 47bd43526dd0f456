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

/** The name of a built-in criterion. */
export type CriterionName = (typeof criterionNames)[number];

/** Criteria that look at feature maps of images: too slow to be asked every few steps of training. */
export const imageCriteria = ['feature-rank', 'apoz'] as const satisfies readonly CriterionName[];

/**
 * The criteria for pieces. Scores are means over the elements of a piece, so that pieces of different sizes are comparable.
 */
export const pieceCriteria = ['l1-norm', 'l2-norm', 'random'] as const satisfies readonly CriterionName[];
export type PieceCriterion = (typeof pieceCriteria)[number];

/** What `criterion` can name: a criterion, or `mask` for learned scores. */
export const criterionChoices = [...criterionNames, 'mask'] as const;
