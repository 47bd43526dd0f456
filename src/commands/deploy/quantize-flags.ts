import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
import { quantizationDefaults as defaults } from '../../quantization/defaults.ts';
import { DATA_SUMMARY, dataName, logitsFlag } from '../data-flags.ts';
import { defaulted, flagSwitch, globs, type Options, optional, wholeNumber } from '../flags.ts';
import { outputsFlag } from '../outputs.ts';
import { preprocessingFlags } from '../preprocessing.ts';

const METHODS = 'expected minmax, or percentile:P with P above 50, up to 100';

/** The percentile of `percentile:99.99`: 99.99. */
export const percentileOf = (method: string): number => Number(method.split(':')[1]);

/** A calibration method: `minmax` or `percentile:99.99`. */
const calibrationMethod = v.pipe(
  v.string(),
  v.regex(/^(minmax|percentile:\d+(\.\d+)?)$/, METHODS),
  v.check(
    (method) => method === 'minmax' || (percentileOf(method) > 50 && percentileOf(method) <= 100),
    METHODS,
  ),
);

/** Flags of 8-bit quantisation, which require --int8. */
export const quantizeFlags = {
  int8: flagSwitch('--int8', 'quantise to 8-bit integers (QDQ), calibrated on the images of --data'),
  calibration: defaulted(
    '--calibration <method>',
    'how the ranges of activations are chosen: minmax, or a percentile such as percentile:99.99',
    [calibrationMethod, defaults.calibration],
  ),
  floatLayers: optional(
    '--float-layers <globs>',
    'layers that are not quantised, separated by commas',
    globs,
  ),
  reduceRange: flagSwitch(
    '--reduce-range',
    'use 7-bit weights, for x86 without VNNI, where sums of 8-bit products saturate',
  ),
  data: optional('--data <name>', `images to calibrate --int8 with: ${DATA_SUMMARY}`, dataName),
  limit: optional(
    '--limit <n>',
    `calibrate on n training images (default: ${defaults.images})`,
    wholeNumber(),
  ),
  testLimit: optional('--test-limit <n>', 'compare on a seeded subset of n test images', wholeNumber()),
  seed: defaulted('--seed <n>', 'seed of the choice of images', [wholeNumber(0), defaults.seed]),
  ...preprocessingFlags,
  ...logitsFlag,
  ...outputsFlag,
};

/** The values of {@link quantizeFlags}. */
export type QuantizeSettings = Options<typeof quantizeFlags>;

/** Flags that have no effect without --int8. */
const dependent = [
  'calibration',
  'floatLayers',
  'reduceRange',
  'data',
  'limit',
  'testLimit',
  'logits',
  'outputs',
] as const;

/** Throws `usage` if --int8 lacks images, or if flags that require --int8 are given without it. */
export function checkQuantizeFlags(settings: QuantizeSettings, given: ReadonlySet<string>): void {
  if (settings.int8 && settings.data === undefined) {
    throw new EspalierError('usage', '--int8 needs calibration images: expected --data');
  }
  const idle = dependent.find((key) => given.has(key));
  if (settings.int8 || !idle) return;
  const [flag] = quantizeFlags[idle].usage.split(' ');
  throw new EspalierError('usage', `${flag} requires --int8`);
}
