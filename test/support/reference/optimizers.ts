type Vector = readonly number[];

export interface SgdSettings {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly decay: number;
  readonly decoupled: boolean;
  readonly rate: number;
}

/** One step of SGD in PyTorch's form. */
export function sgdStep(w: Vector, gradient: Vector, m: Vector, settings: SgdSettings) {
  const { momentum, nesterov, decay, decoupled, rate } = settings;
  const slope = w.map((weight, i) => gradient[i]! + (decoupled ? 0 : decay * weight));
  const nextM = m.map((velocity, i) => momentum * velocity + slope[i]!);
  const direction = nesterov ? nextM.map((velocity, i) => slope[i]! + momentum * velocity) : nextM;
  const nextW = w.map((weight, i) => {
    const decayed = decoupled ? weight - rate * decay * weight : weight;
    return decayed - rate * direction[i]!;
  });
  return { w: nextW, m: nextM };
}

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
  readonly rate: number;
  /** From 1. */
  readonly step: number;
}

/** One step of AdamW: algorithm 2 of Loshchilov & Hutter, ICLR 2019. */
export function adamWStep(
  { w, m, v }: { w: Vector; m: Vector; v: Vector },
  gradient: Vector,
  { beta1, beta2, epsilon, decay, rate, step }: AdamWSettings,
) {
  const nextM = m.map((mean, i) => beta1 * mean + (1 - beta1) * gradient[i]!);
  const nextV = v.map((square, i) => beta2 * square + (1 - beta2) * gradient[i]! ** 2);
  const nextW = w.map((weight, i) => {
    const mean = nextM[i]! / (1 - beta1 ** step);
    const square = nextV[i]! / (1 - beta2 ** step);
    return weight - rate * (mean / (Math.sqrt(square) + epsilon) + decay * weight);
  });
  return { w: nextW, m: nextM, v: nextV };
}

export interface SkeletonSettings {
  readonly rate: number;
  readonly alpha: number;
  readonly threshold: number;
  readonly momentum: number;
  readonly decay: number;
}

/** One step of a filter skeleton: what falls under the threshold dies and stays dead. */
export function skeletonStep(
  { value, m, mask }: { value: Vector; m: Vector; mask: Vector },
  gradient: Vector,
  { rate, alpha, threshold, momentum, decay }: SkeletonSettings,
) {
  const rows = value.map((stripe, i) => {
    if (mask[i] === 0) return { value: 0, m: 0, mask: 0 };
    const sign = stripe > 0 ? 1 : stripe < 0 ? -1 : 0;
    const velocity = momentum * m[i]! + gradient[i]! + alpha * sign + decay * stripe;
    const moved = stripe - rate * velocity;
    return Math.abs(moved) > threshold ? { value: moved, m: velocity, mask: 1 } : { value: 0, m: 0, mask: 0 };
  });
  return { value: rows.map((r) => r.value), m: rows.map((r) => r.m), mask: rows.map((r) => r.mask) };
}
