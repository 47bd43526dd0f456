/** Compares a pruned network with the file that it was made of, a line of JSON: `compare.ts GIVEN PRUNED`. */
import { readFileSync } from 'node:fs';
import type * as ort from 'onnxruntime-node';
import { random } from '../../src/numeric/random.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { loadOnnxruntime } from '../../src/runtime/onnxruntime/session.ts';
import { relative } from '../cases/difference.ts';
import { headsOf, withOutputs } from './heads.ts';
import { sharedObjects } from './objects.ts';
import { zeroedFile } from './zeroed-file.ts';

/** How a pruned network differs from the file whose weights that went are 0. Errors are relative to the largest element. */
export interface Compared {
  /** Of what the last layers give. */
  readonly headError: number;
  /** Of the output of a segmenter; null for a detector. */
  readonly outputError: number | null;
  /** The part of the objects of a detector that both found; null for a segmenter. */
  readonly objects: number | null;
  /** What the zeros change of what the last layers give: an error far below it says something. */
  readonly effect: number;
  readonly heads: number;
  /** Part of the weights of convolutions that are 0. */
  readonly zeroed: number;
  readonly sizes: readonly string[];
}

const { InferenceSession, Tensor } = await loadOnnxruntime();

async function compared(given: string, pruned: string): Promise<Compared> {
  const [file, made] = [readFileSync(given), readFileSync(pruned)];
  const [before, after] = [readModelFile(given), readModelFile(pruned)];
  const { bytes, weights, zeros } = zeroedFile(file, before, after);
  const heads = headsOf(before);
  const outputs = before.outputs.map(({ name }) => name);
  const detects = outputs.includes('labels');
  const rounds = feedsOf(before.inputs[0]!.shape!);
  const found: Agreement[] = [];
  for (const feed of rounds) {
    const results: Results[] = [];
    for (const model of [file, bytes, made]) results.push(await run(withOutputs(model, heads), feed));
    const [original, zeroed, cut] = results as [Results, Results, Results];
    found.push({
      headError: largest(heads, zeroed, cut),
      effect: largest(heads, original, zeroed),
      outputError: detects ? 0 : largest(outputs, zeroed, cut),
      objects: detects ? sharedObjects(zeroed, cut) : 1,
    });
  }
  return {
    headError: Math.max(...found.map(({ headError }) => headError)),
    effect: Math.min(...found.map(({ effect }) => effect)),
    outputError: detects ? null : Math.max(...found.map(({ outputError }) => outputError)),
    objects: detects ? Math.min(...found.map(({ objects }) => objects)) : null,
    heads: heads.length,
    zeroed: zeros / weights,
    sizes: rounds.map(({ image }) => image!.dims.slice(2).join('×')),
  };
}

type Agreement = { readonly [K in 'headError' | 'effect' | 'outputError' | 'objects']: number };
type Results = ort.InferenceSession.ReturnType;

const largest = (names: readonly string[], expected: Results, actual: Results): number =>
  Math.max(...names.map((name) => relative(expected[name]!, actual[name]!, name)));

/** One model at a time: they are large. */
async function run(model: Buffer, feed: ort.InferenceSession.FeedsType): Promise<Results> {
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    enableCpuMemArena: false,
    logSeverityLevel: 4,
  });
  const results = await session.run(feed);
  await session.release();
  return results;
}

/** Random images: of the size of the file, or of two, one of them not square. */
function feedsOf(shape: readonly (number | string | null)[]) {
  const isOpen = shape.some((dim) => typeof dim !== 'number');
  const sizes = isOpen
    ? [
        [224, 224],
        [192, 288],
      ].map((size) => [1, 3, ...size])
    : [shape as readonly number[]];
  return sizes.map((dims, i): Record<string, ort.Tensor> => {
    const { normal } = random(11, i);
    const length = dims.reduce((a, b) => a * b, 1);
    return { image: new Tensor('float32', Float32Array.from({ length }, normal), dims) };
  });
}

const [given = '', pruned = ''] = process.argv.slice(2);
console.log(JSON.stringify(await compared(given, pruned)));
