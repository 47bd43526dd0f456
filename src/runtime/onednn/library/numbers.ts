import type {
  BinaryAlgorithm,
  PoolingAlgorithm,
  QueriedRole,
  ResamplingAlgorithm,
  ResultAlgorithm,
  Role,
} from './api.ts';

/** Constants from oneDNN's public headers that versions 2 and 3 share. */
export const FLOAT32 = 3;
export const CPU = 1;
export const IN_ORDER = 1;
export const ANY_FORMAT = 1;
export const DIRECT_CONVOLUTION = 1;

export const propagation = { forwardTraining: 64, backward: 128 };

/** Gradients computed from the result of the forward function. */
export const resultAlgorithms: Readonly<Record<ResultAlgorithm, number>> = {
  relu: 0x100,
  tanh: 0x101,
  logistic: 0x104,
  clip: 0x106,
};

export const binaryAlgorithms: Readonly<Record<BinaryAlgorithm, number>> = {
  add: 0x1fff0,
  mul: 0x1fff1,
  max: 0x1fff2,
  min: 0x1fff3,
  div: 0x1fff4,
  sub: 0x1fff5,
  greater: 0x1fff7,
  less: 0x1fff9,
};

export const poolingAlgorithms: Readonly<Record<PoolingAlgorithm, number>> = {
  max: 0x1ff,
  averageWithPads: 0x2ff,
  average: 0x3ff,
};

export const resamplingAlgorithms: Readonly<Record<ResamplingAlgorithm, number>> = {
  nearest: 0x2fff0,
  linear: 0x2fff1,
};

export const queries: Readonly<Record<QueriedRole, number>> = {
  src: 129,
  diffSrc: 130,
  weights: 131,
  diffWeights: 132,
  dst: 133,
  diffDst: 134,
  workspace: 135,
};
export const QUERY_IMPLEMENTATION = 8;

const roles: Readonly<Record<Exclude<Role, `post${number}`>, number>> = {
  src: 1,
  src1: 2,
  dst: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  diffSrc: 129,
  diffDst: 145,
  diffWeights: 161,
  diffBias: 169,
  diffScale: 255,
  diffShift: 256,
};
const SECOND_SOURCE = 2;

/** The argument number of a tensor of a primitive; that of post-operation n is base · (n + 1) | 2. */
export function argumentOf(role: Role, postOperationBase: number): number {
  if (role.startsWith('post')) return (postOperationBase * (1 + Number(role.slice(4)))) | SECOND_SOURCE;
  return roles[role as keyof typeof roles];
}
