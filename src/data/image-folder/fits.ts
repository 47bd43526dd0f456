import type { Sharp } from 'sharp';

interface Target {
  readonly height: number;
  readonly width: number;
  /** 8-bit value of the border. */
  readonly pad: number;
}

/** Antialiased bilinear, without the shortcuts of the JPEG decoder. */
const quality = { kernel: 'linear', fastShrinkOnLoad: false } as const;

/** The ratio of ImageNet's evaluation: resized to 256, cropped to 224. */
const RESIZE_RATIO = 256 / 224;

/** The border of YOLO's letterbox, of 8 bits. */
export const DEFAULT_PAD = 114;

/** How an image of another shape is brought to the size of a network. */
export const fits = {
  /** The shorter side is resized to 256/224 of the size, and the centre cropped, as in ImageNet's evaluation. */
  crop(image, { height, width }) {
    const [outerHeight, outerWidth] = [Math.round(height * RESIZE_RATIO), Math.round(width * RESIZE_RATIO)];
    const [top, left] = [Math.floor((outerHeight - height) / 2), Math.floor((outerWidth - width) / 2)];
    return image
      .resize(outerWidth, outerHeight, { fit: 'cover', ...quality })
      .extract({ top, left, height, width });
  },
  /** The whole image, with a border above and below, or left and right. */
  letterbox(image, { height, width, pad }) {
    const background = { r: pad, g: pad, b: pad };
    return image.resize(width, height, { fit: 'contain', background, ...quality });
  },
  /** The whole image, its aspect ratio changed. */
  stretch: (image, { height, width }) => image.resize(width, height, { fit: 'fill', ...quality }),
} satisfies Record<string, (image: Sharp, target: Target) => Sharp>;

/** The name of a way to resize images. */
export type ImageFit = keyof typeof fits;

/** How images are resized. */
export interface Fitting {
  /** Default `crop`. */
  readonly fit?: ImageFit | undefined;
  /** For `letterbox`, the 8-bit value of the border. Default 114. */
  readonly pad?: number | undefined;
}
