/** Ways to write a network with dead stripes: `dense` keeps zeros, `shape` crops kernels, `stripe` has the fewest MACs. */
export const writtenForms = ['dense', 'shape', 'stripe'] as const;
/** `dense` keeps zeros, `shape` crops kernels, `stripe` has the fewest MACs. */
export type WrittenForm = (typeof writtenForms)[number];
