import type { AttributesOf } from '../../../graph/operators/index.ts';

type Row = Float32Array;

/** Computes w′, m′ of SgdUpdate. */
export function sgd(
  [w, gradient, m, learningRate]: readonly [Row, Row, Row, Row],
  [nextW, nextM]: readonly [Row, Row],
  { momentum, nesterov, weight_decay: decay, decoupled }: AttributesOf<'SgdUpdate'>,
): void {
  const rate = learningRate[0]!;
  for (let i = 0; i < w.length; i++) {
    const slope = gradient[i]! + (decoupled ? 0 : decay * w[i]!);
    const velocity = momentum * m[i]! + slope;
    const direction = nesterov ? slope + momentum * velocity : velocity;
    nextW[i] = w[i]! * (decoupled ? 1 - rate * decay : 1) - rate * direction;
    nextM[i] = velocity;
  }
}

/** Computes w′, m′, v′ of AdamWUpdate. */
export function adamw(
  [w, gradient, m, v, learningRate, step]: readonly [Row, Row, Row, Row, Row, Row],
  [nextW, nextM, nextV]: readonly [Row, Row, Row],
  { beta1, beta2, epsilon, weight_decay: decay }: AttributesOf<'AdamWUpdate'>,
): void {
  const rate = learningRate[0]!;
  const meanBias = 1 - beta1 ** step[0]!;
  const squareBias = 1 - beta2 ** step[0]!;
  for (let i = 0; i < w.length; i++) {
    const g = gradient[i]!;
    const mean = beta1 * m[i]! + (1 - beta1) * g;
    const square = beta2 * v[i]! + (1 - beta2) * g * g;
    const change = mean / meanBias / (Math.sqrt(square / squareBias) + epsilon);
    nextW[i] = w[i]! * (1 - rate * decay) - rate * change;
    nextM[i] = mean;
    nextV[i] = square;
  }
}

/** Computes I′, m′, mask′ of SkeletonUpdate. */
export function skeleton(
  [value, gradient, m, mask, ...scalars]: readonly [Row, Row, Row, Row, Row, Row, Row],
  [nextValue, nextM, nextMask]: readonly [Row, Row, Row],
  { momentum, weight_decay: decay }: AttributesOf<'SkeletonUpdate'>,
): void {
  const [rate, alpha, threshold] = scalars.map((scalar) => scalar[0]!) as [number, number, number];
  for (let i = 0; i < value.length; i++) {
    const slope = (gradient[i]! + alpha * Math.sign(value[i]!) + decay * value[i]!) * mask[i]!;
    const velocity = momentum * m[i]! + slope;
    const moved = Math.fround(value[i]! - rate * velocity);
    const live = Math.abs(moved) > threshold ? mask[i]! : 0;
    nextValue[i] = moved * live;
    nextM[i] = velocity * live;
    nextMask[i] = live;
  }
}
