/** Height and width of images; one number where they are alike. */
export type ImageSize = number | { readonly height: number; readonly width: number };

/** [height, width] of a size. */
export const extents = (size: ImageSize): readonly [height: number, width: number] =>
  typeof size === 'number' ? [size, size] : [size.height, size.width];
