import { EspalierError } from '../errors.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { DataSet, ImageSource } from './image-source.ts';

/** Images in memory. */
export interface TensorImages {
  /** Images [N, C, H, W]: float32 inputs as the network takes them, or uint8 pixels, which preprocessing normalises. */
  readonly images: Tensor;
  /** [N], from 0; default: no classes. */
  readonly labels?: ArrayLike<number>;
  /** Class names by label. Default: the label numbers. */
  readonly classes?: readonly string[];
}

/**
 * A data set from tensors. Throws `invalid-data` if shapes do not match, or a label has no class.
 *
 * @example
 * const data = tensorData({ train: { images, labels }, test: { images: testImages, labels: testLabels } });
 */
export const tensorData = (splits: {
  readonly train: TensorImages;
  readonly test: TensorImages;
}): DataSet => ({
  name: 'tensors',
  train: tensorImages(splits.train),
  test: tensorImages(splits.test),
});

/** A source of images from tensors. Throws the errors of {@link tensorData}. */
export function tensorImages({ images, labels, classes }: TensorImages): ImageSource {
  const { dtype, shape, data } = images;
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || (dtype !== 'float32' && dtype !== 'uint8'))
    throw invalid(`expected images [N, C, H, W] of float32 or uint8, found ${dtype} [${shape.join(', ')}]`);
  if (labels && labels.length !== count)
    throw invalid(`expected ${count} labels, one an image, found ${labels.length}`);
  const own = Int32Array.from({ length: count }, (_, i) => labels?.[i] ?? 0);
  const most = own.reduce((a, b) => Math.max(a, b), 0);
  const names = labels ? (classes ?? Array.from({ length: most + 1 }, (_, label) => `${label}`)) : [];
  if (labels && (own.some((label) => label < 0) || most >= names.length))
    throw invalid(
      `expected labels from 0 to ${names.length - 1}, found ${own.find((label) => label < 0) ?? most}`,
    );
  const size = channels * height * width;
  const source = { name: 'tensors', count, channels, height, width, labels: own, classes: names };
  if (dtype === 'uint8') {
    const pixels = data as Uint8Array;
    const read = (index: number, target: Uint8Array) =>
      target.set(pixels.subarray(index * size, (index + 1) * size));
    return { ...source, read, origin: { kind: 'memory', pixels } };
  }
  const inputs = data as Float32Array;
  return {
    ...source,
    read() {
      throw invalid('expected 8-bit images, found float32 inputs');
    },
    readInput: (index, target) => target.set(inputs.subarray(index * size, (index + 1) * size)),
  };
}

const invalid = (message: string): EspalierError =>
  new EspalierError('invalid-data', message, { where: 'tensors' });
