import type { Graph } from '../graph/graph.ts';
import { observe, type Viewing } from '../pruning/observe.ts';

/** How far two networks agree on images, by the first output of each; no labels are needed. */
export interface Agreement {
  readonly images: number;
  /** The part of the images, in [0, 1], whose highest score is of the same class. */
  readonly sameClass: number;
  /** 10·log₁₀(Σy²/Σ(y − ŷ)²), y from the first network, in dB; ∞ where they are equal. */
  readonly sqnrDb: number;
}

/** Runs both networks on the images; they must give outputs of one shape. */
export async function compareOutputs(before: Graph, after: Graph, viewing: Viewing): Promise<Agreement> {
  const [expected, actual] = [await outputsOn(before, viewing), await outputsOn(after, viewing)];
  let [same, signal, noise] = [0, 0, 0];
  expected.forEach((row, image) => {
    const found = actual[image]!;
    if (highest(row) === highest(found)) same++;
    row.forEach((y, i) => {
      signal += y ** 2;
      noise += (y - found[i]!) ** 2;
    });
  });
  const sqnrDb = noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
  return { images: expected.length, sameClass: same / expected.length, sqnrDb };
}

/** The first output, image by image. */
async function outputsOn(graph: Graph, viewing: Viewing): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  let name = '';
  await observe(graph, viewing, {
    append({ g, copyOf }) {
      name = g.output(copyOf(graph.outputs[0]!)).name;
    },
    see(results, { batch: { count } }) {
      const all = results[name]!.data as Float32Array;
      const size = all.length / count;
      for (let i = 0; i < count; i++) rows.push(all.slice(i * size, (i + 1) * size));
    },
  });
  return rows;
}

const highest = (scores: Float32Array): number =>
  scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
