import type { ElementwiseAlgorithm } from '../api.ts';

/** Sizes of oneDNN 2.6's structs, in bytes; descriptors get some extra room. */
export const MEMORY_DESCRIPTOR_BYTES = 696;
export const OPERATION_DESCRIPTOR_BYTES = 8192;

/** Format tags aBc…, by block size, then by rank. */
export const blockedFormats: Readonly<Record<8 | 16, Readonly<Record<number, number>>>> = {
  8: { 3: 60, 4: 93, 5: 133 },
  16: { 3: 47, 4: 69, 5: 112 },
};

export const normalizationFlags = { fuseRelu: 4, useScale: 8, useShift: 16 };

export const elementwiseAlgorithms: Readonly<Record<ElementwiseAlgorithm, number>> = {
  relu: 0x1f,
  tanh: 0x2f,
  abs: 0x5f,
  sqrt: 0x6f,
  linear: 0x7f,
  logistic: 0xaf,
  exp: 0xbf,
  log: 0xef,
  clip: 0x10,
  hardswish: 0x70,
  swish: 0xdf,
  mish: 0x60,
  softplus: 0x9f,
  gelu: 0x30,
  geluByTanh: 0xcf,
  power: 0x20,
};

export const POST_OPERATION_BASE = 16384;
