import type { Sharp } from 'sharp';

interface FitSize {
  readonly height: number;
  readonly width: number;
  /** 8-bit value of the border. */
  readonly pad: number;
}

/** Antialiased bilinear resizing, without the scaling shortcut of the JPEG decoder. */
const quality = { kernel: 'linear', fastShrinkOnLoad: false } as const;

/** The ratio of ImageNet's evaluation: resized to 256, cropped to 224. */
const RESIZE_RATIO = 256 / 224;

/** The border value of YOLO's letterbox, in 8 bits. */
export const DEFAULT_PAD = 114;

/** Ways to adapt an image to the size of a network. */
export const fits = {
  /** Resizes the shorter side to 256/224 of the size, then crops the centre, as in ImageNet's evaluation. */
  crop(image, { height, width }) {
    const [outerHeight, outerWidth] = [Math.round(height * RESIZE_RATIO), Math.round(width * RESIZE_RATIO)];
    const [top, left] = [Math.floor((outerHeight - height) / 2), Math.floor((outerWidth - width) / 2)];
    return image
      .resize(outerWidth, outerHeight, { fit: 'cover', ...quality })
      .extract({ top, left, height, width });
  },
  /** Keeps the whole image, with a border above and below, or left and right. */
  letterbox(image, { height, width, pad }) {
    const background = { r: pad, g: pad, b: pad };
    return image.resize(width, height, { fit: 'contain', background, ...quality });
  },
  /** Keeps the whole image and changes its aspect ratio. */
  stretch: (image, { height, width }) => image.resize(width, height, { fit: 'fill', ...quality }),
} satisfies Record<string, (image: Sharp, target: FitSize) => Sharp>;

/** The name of a way to adapt images. */
export type ImageFit = keyof typeof fits;

/** How images are adapted to the size of a network. */
export interface Fitting {
  /** Default `crop`. */
  readonly fit?: ImageFit | undefined;
  /** For `letterbox`, the 8-bit value of the border. Default 114. */
  readonly pad?: number | undefined;
}
