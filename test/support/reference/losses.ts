import { generate, type Reference } from './array.ts';

/** log p of each row, by the definition p = exp(x)/Σ exp(x), x shifted by its maximum. */
export function logProbabilities(logits: Reference): Reference {
  const [rows, classes] = logits.shape as [number, number];
  return generate([rows, classes], ([row, k]) => {
    const x = logits.data.subarray(row! * classes, (row! + 1) * classes);
    const largest = Math.max(...x);
    return x[k!]! - largest - Math.log(x.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  });
}

/** The distribution that a smoothed label stands for: 1 − s + s/K at the label, s/K elsewhere. */
const target = (label: number, k: number, { smoothing, classes }: { smoothing: number; classes: number }) =>
  (k === label ? 1 - smoothing : 0) + smoothing / classes;

/** The mean over rows of −Σ target·log p. */
export function crossEntropy(logits: Reference, labels: readonly number[], smoothing: number): number {
  const [rows, classes] = logits.shape as [number, number];
  const logs = logProbabilities(logits);
  let sum = 0;
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < classes; k++)
      sum -= target(labels[row]!, k, { smoothing, classes }) * logs.data[row * classes + k]!;
  return sum / rows;
}

/** ∂(dloss·loss)/∂logits by central differences of the loss, exact to 1e-9 in float64. */
export function crossEntropyGradient(
  logits: Reference,
  labels: readonly number[],
  { smoothing, dloss }: { smoothing: number; dloss: number },
): Reference {
  const step = 1e-5;
  const moved = (i: number, by: number): number => {
    const data = logits.data.slice();
    data[i]! += by;
    return crossEntropy({ ...logits, data }, labels, smoothing);
  };
  const data = logits.data.map((_, i) => (dloss * (moved(i, step) - moved(i, -step))) / (2 * step));
  return { ...logits, data };
}
