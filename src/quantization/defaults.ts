import type { QuantizationOptions } from './quantize-on-images.ts';

/** The options of {@link quantize} that are not given. */
export const quantizationDefaults = {
  calibration: 'minmax',
  weightBits: 8,
  images: 300,
  seed: 1,
  seconds: 4,
  threads: 1,
} as const satisfies Partial<QuantizationOptions>;
