import type { ElementwiseAlgorithm, SoftmaxAlgorithm } from '../api.ts';

/** Format tags aBc…, by block size, then by rank. */
export const blockedFormats: Readonly<Record<8 | 16, Readonly<Record<number, number>>>> = {
  8: { 3: 69, 4: 102, 5: 142 },
  16: { 3: 56, 4: 78, 5: 121 },
};

export const normalizationFlags = { useScale: 2, useShift: 4, fuseRelu: 8 };

export const elementwiseAlgorithms: Readonly<Record<ElementwiseAlgorithm, number>> = {
  relu: 0x20,
  tanh: 0x21,
  abs: 0x24,
  sqrt: 0x25,
  linear: 0x26,
  logistic: 0x29,
  exp: 0x2a,
  log: 0x2d,
  clip: 0x2f,
  hardswish: 0x34,
  swish: 0x2c,
  mish: 0x33,
  softplus: 0x27,
  gelu: 0x31,
  geluByTanh: 0x2b,
  power: 0x30,
};

/** The undefined type: a sum with an explicit type, even the same one, has no kernel in most primitives. */
export const TYPE_OF_RESULT = 0;

export const POST_OPERATION_BASE = 32768;

/** Query numbers of a memory descriptor. */
export const QUERY_RANK = 256;
export const QUERY_DIMS = 257;

export const softmaxAlgorithms: Readonly<Record<SoftmaxAlgorithm, number>> = {
  softmax: 0x30000,
  logSoftmax: 0x30001,
};
