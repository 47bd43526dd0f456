import * as v from 'valibot';

const number = v.pipe(v.number(), v.finite());
const count = v.pipe(number, v.minValue(0));
const positive = v.pipe(number, v.gtValue(0));

/** The results of `compile`: times in ms, MACs of non-zero weights. */
export const compilationSchema = v.object({
  type: v.literal('compiled'),
  // Name and version.
  engine: v.string(),
  module: v.string(),
  // Performance of a loop of multiply-adds.
  peakGflops: positive,
  ms: positive,
  steps: v.array(v.object({ name: v.string(), kernel: v.string(), macs: count, ms: positive })),
});

/** The results of `compile`: times in ms, MACs of non-zero weights. */
export type CompilationPoint = v.InferOutput<typeof compilationSchema>;
