/** Height and width of images; a single number if they are equal. */
export type ImageSize = number | { readonly height: number; readonly width: number };

/** A size as [height, width]. */
export const extents = (size: ImageSize): readonly [height: number, width: number] =>
  typeof size === 'number' ? [size, size] : [size.height, size.width];
