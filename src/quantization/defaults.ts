import type { QuantizationOptions } from './quantize-on-images.ts';

/** Default options of {@link quantize}. */
export const quantizationDefaults = {
  calibration: 'minmax',
  weightBits: 8,
  images: 300,
  seed: 1,
  seconds: 4,
  threads: 1,
} as const satisfies Partial<QuantizationOptions>;
