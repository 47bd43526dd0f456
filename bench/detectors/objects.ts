import type * as ort from 'onnxruntime-node';

/** The outputs of a detector: a box, a score and a label for each object. */
type Found = Readonly<Record<string, ort.Tensor>>;

/** Relative to the largest coordinate, and of a score. */
const TOLERANCE = 1e-4;

/**
 * The part of the objects of two detectors that both found, wherever they stand in the lists: scores that differ by rounding change
 * places, and one that a limit lets through may push another out.
 */
export function sharedObjects(expected: Found, actual: Found): number {
  const [wanted, found] = [listOf(expected), listOf(actual)];
  const scale = Math.max(1, ...wanted.flatMap(({ box }) => box.map(Math.abs)));
  const left = new Set(found);
  let shared = 0;
  for (const object of wanted) {
    const same = [...left].find((other) => isSame(object, other, scale));
    if (same && left.delete(same)) shared++;
  }
  return shared / Math.max(1, wanted.length, found.length);
}

interface DetectedObject {
  readonly box: readonly number[];
  readonly score: number;
  readonly label: number;
}

const isSame = (a: DetectedObject, b: DetectedObject, scale: number): boolean =>
  a.label === b.label &&
  Math.abs(a.score - b.score) <= TOLERANCE &&
  a.box.every((side, i) => Math.abs(side - b.box[i]!) <= TOLERANCE * scale);

function listOf({ boxes, scores, labels }: Found): DetectedObject[] {
  const [sides, parts, names] = [boxes, scores, labels].map((tensor) =>
    Array.from(tensor!.data as ArrayLike<number | bigint>, Number),
  );
  return parts!.map((score, i) => ({
    box: sides!.slice(4 * i, 4 * i + 4),
    score,
    label: names![i]!,
  }));
}
