import * as v from 'valibot';
import type { CalibrationMethod } from '../quantization/observe-ranges.ts';
import { defaulted, flagSwitch, optional } from './flags.ts';
import { globs } from './prune-flags.ts';

const METHODS = 'expected minmax, or percentile:P with P above 50, up to 100';

/** `minmax`, `percentile:99.99`. */
const calibrationMethod = v.pipe(
  v.string(),
  v.regex(/^(minmax|percentile:\d+(\.\d+)?)$/, METHODS),
  v.transform((text): CalibrationMethod => {
    const percentile = Number(text.split(':')[1]);
    return text === 'minmax' ? 'minmax' : { percentile };
  }),
  v.check((method) => method === 'minmax' || (method.percentile > 50 && method.percentile <= 100), METHODS),
);

/** Flags of 8-bit quantisation. They count where --int8 is given. */
export const quantizeFlags = {
  int8: flagSwitch('--int8', 'write 8-bit integers (QDQ), calibrated on the images of --data'),
  calibration: defaulted('--calibration <method>', 'range of activations: minmax, percentile:99.99', [
    calibrationMethod,
    'minmax',
  ]),
  floatLayers: optional('--float-layers <globs>', 'layers that stay in float, separated by commas', globs),
  reduceRange: flagSwitch(
    '--reduce-range',
    'weights of 7 bits: for x86 without VNNI, where sums of products of 8 bits saturate',
  ),
};
