import * as v from 'valibot';

const number = v.pipe(v.number(), v.finite());
const count = v.pipe(number, v.minValue(0));
const positive = v.pipe(number, v.gtValue(0));

/** What compiling to WebAssembly came to: times in ms, MACs of living weights. */
export const compilationSchema = v.object({
  type: v.literal('compiled'),
  // With its version.
  engine: v.string(),
  module: v.string(),
  // Of a loop of multiply-adds.
  peakGflops: positive,
  ms: positive,
  steps: v.array(v.object({ name: v.string(), kernel: v.string(), macs: count, ms: positive })),
});

/** What `compile` measured. */
export type CompilationPoint = v.InferOutput<typeof compilationSchema>;
