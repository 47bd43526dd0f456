/**
 * Times the ways to write training operators in ONNX's own, in onnxruntime on CIFAR-like shapes: interleaved, the lower
 * quartile and the fastest of each. Run with `npx tsx bench/decompositions.ts [name]`.
 */
import { decompose } from '../src/autodiff/index.ts';
import { type Builder, builderOf } from '../src/graph/builder.ts';
import { emptyGraph, type Value } from '../src/graph/graph.ts';
import { random } from '../src/numeric/random.ts';
import { quantile } from '../src/numeric/statistics.ts';
import { elementCount, floats } from '../src/numeric/tensor.ts';
import type { Program, Tensors } from '../src/runtime/executor.ts';
import { onnxruntime } from '../src/runtime/onnxruntime/index.ts';
import { inputGradients, weightGradients } from './decompositions/convolution.ts';
import { maxPoolGradients, reluGradients } from './decompositions/elementwise.ts';
import { batchNormalization, batchNormalizationGradient } from './decompositions/normalization.ts';

/** One comparison: forms of the same computation on inputs of these shapes. */
export interface Comparison {
  readonly title: string;
  readonly shapes: readonly (readonly number[])[];
  readonly forms: Readonly<Record<string, Form>>;
}

/** As many as the comparison has shapes. */
export type FormInputs = readonly [Value, Value, Value, Value, Value];

export type Form = (g: Builder, inputs: FormInputs) => Value;

const THREADS = 2;
const ROUNDS = 25;
const SECONDS_EACH = 10;

const groups: Readonly<Record<string, readonly Comparison[]>> = {
  'weight gradient': weightGradients,
  'input gradient': inputGradients,
  'batch normalisation': batchNormalization,
  'batch normalisation gradient': batchNormalizationGradient,
  'relu gradient': reluGradients,
  'max-pool gradient': maxPoolGradients,
};

async function compare({ title, shapes, forms }: Comparison): Promise<void> {
  const feeds = sampled(shapes);
  const runs: { name: string; program: Program; times: number[] }[] = [];
  for (const [name, form] of Object.entries(forms)) {
    const program = await compiled(shapes, form);
    for (let i = 0; i < 3; i++) await program.run(feeds); // memory settles in the third run
    runs.push({ name, program, times: [] });
  }
  const start = performance.now();
  for (let round = 0; round < ROUNDS && performance.now() - start < SECONDS_EACH * 1000; round++) {
    for (const { program, times } of runs) times.push(await timed(program, feeds));
  }
  console.log(title);
  for (const { name, program, times } of runs) {
    const [quartile, fastest] = [quantile(times, 0.25), Math.min(...times)].map((ms) =>
      ms.toFixed(2).padStart(9),
    );
    console.log(`  ${name.padEnd(28)}${quartile} ms${fastest} ms`);
    await program.close();
  }
}

/** The second of two runs, after the threads of the form before have stopped spinning. */
async function timed(program: Program, feeds: Tensors): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await program.run(feeds);
  const start = performance.now();
  await program.run(feeds);
  return performance.now() - start;
}

async function compiled(shapes: Comparison['shapes'], form: Form): Promise<Program> {
  const graph = emptyGraph('form');
  const g = builderOf(graph);
  const result = form(
    g,
    shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape)) as readonly Value[] as FormInputs,
  );
  // Reading the whole result, but handing out little of it.
  g.output(g.ReduceSum(result, null, { keepdims: 0 }));
  return onnxruntime.compile(decompose(graph), { threads: THREADS });
}

function sampled(shapes: Comparison['shapes']): Tensors {
  const { uniform } = random(7);
  const tensors = shapes.map((shape, i) => {
    const data = Float32Array.from({ length: elementCount(shape) }, () => uniform() - 0.5);
    return [`x${i}`, floats(shape, data)] as const;
  });
  return Object.fromEntries(tensors);
}

const wanted = process.argv[2];
for (const [name, comparisons] of Object.entries(groups)) {
  if (wanted && wanted !== name) continue;
  for (const comparison of comparisons) await compare(comparison);
}
