import { imageSize, numbers, optional, text } from './flags.ts';

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
  labels: optional(
    '--labels <file>',
    "file of class names, one per line, in the order of the model's outputs",
    text,
  ),
};
