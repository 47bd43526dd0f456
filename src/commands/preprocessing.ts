import * as v from 'valibot';
import type { ImageFit } from '../data/image-folder/fits.ts';
import { choiceOf, imageSize, numbers, optional, text, wholeNumber } from './flags.ts';

const fits = { crop: true, letterbox: true, stretch: true } satisfies Record<ImageFit, true>;

/** Flags for models whose files contain no preprocessing. */
export const preprocessingFlags = {
  mean: optional(
    '--mean <list>',
    'mean of each channel of x/255: 0.485,0.456,0.406; one number applies to all',
    numbers,
  ),
  std: optional(
    '--std <list>',
    'standard deviation of each channel of x/255: 0.229,0.224,0.225; one number applies to all',
    numbers,
  ),
  size: optional('--size <size>', 'height and width of the images: 224, or 192x320', imageSize),
  fit: optional(
    '--fit <name>',
    'how images of another shape are resized: crop (shorter side to 256/224, centre crop), letterbox (whole image with a border), stretch (default: as the model stores it, else crop)',
    choiceOf(fits),
  ),
  pad: optional(
    '--pad <n>',
    'with --fit letterbox: 8-bit value of the border (default: 114, as in YOLO)',
    v.pipe(wholeNumber(0), v.maxValue(255, 'expected a number from 0 to 255')),
  ),
  labels: optional(
    '--labels <file>',
    "file of class names, one per line, in the order of the model's outputs",
    text,
  ),
};
