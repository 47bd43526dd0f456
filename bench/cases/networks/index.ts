import type { Export, ImageSize, Variant } from '../export.ts';
import { attention, image as attentionImage } from './attention.ts';
import { classifier, image as classifierImage } from './classifier.ts';
import { detector, image as detectorImage } from './detector.ts';
import { ocr, image as ocrImage } from './ocr.ts';
import { shuffle, image as shuffleImage } from './shuffle.ts';
import { unet, image as unetImage } from './unet.ts';

/** A kind of network, and the images that it takes. */
export interface NetworkKind {
  readonly build: (variant: Variant) => Export;
  readonly image: ImageSize;
}

/** The kinds of network of the matrix, by name. */
export const networks = {
  classifier: { build: classifier, image: classifierImage },
  detector: { build: detector, image: detectorImage },
  unet: { build: unet, image: unetImage },
  ocr: { build: ocr, image: ocrImage },
  attention: { build: attention, image: attentionImage },
  shuffle: { build: shuffle, image: shuffleImage },
} as const satisfies Readonly<Record<string, NetworkKind>>;

export type NetworkName = keyof typeof networks;

export const opsets = [7, 9, 11, 13, 17, 21] as const;

/** Every way in which one network is exported at one opset. */
export const variantsAt = (opset: number): Variant[] =>
  (['fixed', 'free'] as const).flatMap((batch) =>
    (['NCHW', 'NHWC'] as const).flatMap((layout) =>
      (['fixed', 'free'] as const).map((sizes) => ({ opset, batch, layout, sizes })),
    ),
  );
