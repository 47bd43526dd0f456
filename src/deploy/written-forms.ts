/** Ways to write a network with dead stripes: zeros kept, kernels cropped, the fewest MACs. */
export const writtenForms = ['dense', 'shape', 'stripe'] as const;
/** One of `writtenForms`. */
export type WrittenForm = (typeof writtenForms)[number];
