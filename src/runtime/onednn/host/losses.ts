/** log p = x − max − log Σ exp(x − max), for each row of [N, K]. */
export function logSoftmax(logits: Float32Array, target: Float32Array, classes: number): void {
  for (let start = 0; start < logits.length; start += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - largest);
    const shift = largest + Math.log(sum);
    for (let k = 0; k < classes; k++) target[start + k] = logits[start + k]! - shift;
  }
}

/** −mean over rows of Σ target·log p, with target = (1 − ε)·onehot + ε/K. */
export function crossEntropy(
  logs: Float32Array,
  labels: ArrayLike<number | bigint>,
  { classes, smoothing }: { classes: number; smoothing: number },
): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    sum += (1 - smoothing) * logs[row * classes + Number(labels[row])]!;
    if (smoothing === 0) continue;
    for (let k = 0; k < classes; k++) sum += (smoothing / classes) * logs[row * classes + k]!;
  }
  return -sum / labels.length;
}

/** The gradient of {@link crossEntropy} with respect to the logits: (p − target)/N·dloss. */
export function crossEntropyGradient(
  logs: Float32Array,
  labels: ArrayLike<number | bigint>,
  target: Float32Array,
  { classes, smoothing, scale }: { classes: number; smoothing: number; scale: number },
): void {
  const factor = scale / labels.length;
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    for (let k = 0; k < classes; k++)
      target[start + k] = factor * (Math.exp(logs[start + k]!) - smoothing / classes);
    const hit = start + Number(labels[row]);
    target[hit] = target[hit]! - factor * (1 - smoothing);
  }
}
