import type { BinaryAlgorithm, ElementwiseAlgorithm, PoolingAlgorithm, QueriedRole, Role } from '../api.ts';

/** Sizes of oneDNN 2.6's structs, in bytes; descriptors get room to spare. */
export const MEMORY_DESCRIPTOR_BYTES = 696;
export const OPERATION_DESCRIPTOR_BYTES = 8192;

export const FLOAT32 = 3;
export const CPU = 1;
export const IN_ORDER = 1;

export const formatTags = {
  any: 1,
  /** aBc…: by rank. */
  channelBlock: {
    8: { 3: 60, 4: 93, 5: 133 },
    16: { 3: 47, 4: 69, 5: 112 },
  } as Readonly<Record<8 | 16, Readonly<Record<number, number>>>>,
};

export const propagation = { forwardTraining: 64, backward: 128 };
export const DIRECT_CONVOLUTION = 1;

export const normalizationFlags = { fuseRelu: 4, useScale: 8, useShift: 16 };

export const binaryAlgorithms: Readonly<Record<BinaryAlgorithm, number>> = {
  add: 0x1fff0,
  mul: 0x1fff1,
  max: 0x1fff2,
  min: 0x1fff3,
  div: 0x1fff4,
  sub: 0x1fff5,
};

export const elementwiseAlgorithms: Readonly<Record<ElementwiseAlgorithm, number>> = {
  relu: 0x1f,
  tanh: 0x2f,
  abs: 0x5f,
  sqrt: 0x6f,
  linear: 0x7f,
  logistic: 0xaf,
  exp: 0xbf,
  log: 0xef,
  clip: 0xff,
  hardswish: 0x70,
};
export const RELU_FROM_DESTINATION = 0x100;

export const poolingAlgorithms: Readonly<Record<PoolingAlgorithm, number>> = {
  max: 0x1ff,
  averageWithPads: 0x2ff,
  average: 0x3ff,
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
  diffScale: 255,
  diffShift: 256,
};
const POST_OPERATION = 16384;
const SECOND_SOURCE = 2;

/** The argument number under which a primitive expects a tensor. */
export function argumentOf(role: Role): number {
  if (role.startsWith('post')) return (POST_OPERATION * (1 + Number(role.slice(4)))) | SECOND_SOURCE;
  return roles[role as keyof typeof roles];
}

const statuses = [
  'success',
  'out of memory',
  'invalid arguments',
  'unimplemented',
  'iterator ends',
  'runtime error',
  'not required',
];
export const UNIMPLEMENTED = 3;

export const statusName = (status: number): string => statuses[status] ?? `status ${status}`;
