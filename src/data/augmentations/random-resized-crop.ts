import { linearTaps } from '../../graph/resize-taps.ts';
import type { Random } from '../../numeric/random.ts';
import type { ImageShape } from '../image-source.ts';
import type { Augmentation, AugmentedImage } from './augmentation.ts';

/** Smallest part of the area; aspect ratios are from 3/4 to 4/3. */
const LEAST_AREA = 0.25;
const MOST_RATIO = 4 / 3;
const TRIES = 10;

interface CropBox {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Crops a random part of the image and resizes it to the whole size, bilinearly (Szegedy et al., CVPR 2015, arXiv:1409.4842).
 * The part has at least a quarter of the area, where torchvision takes 8 %: it is cropped from the image in the size of the
 * network, not from the file.
 */
export const randomResizedCrop: Augmentation = {
  name: 'random-resized-crop',
  apply: (image, random) => resizeBox(image, randomBox(image.size, random)),
};

function randomBox({ height, width }: ImageShape, random: Random): CropBox {
  for (let tried = 0; tried < TRIES; tried++) {
    const area = height * width * (LEAST_AREA + (1 - LEAST_AREA) * random.uniform());
    const ratio = MOST_RATIO ** (2 * random.uniform() - 1);
    const box = { height: Math.round(Math.sqrt(area / ratio)), width: Math.round(Math.sqrt(area * ratio)) };
    if (box.height < 1 || box.width < 1 || box.height > height || box.width > width) continue;
    const [top, left] = [random.integer(height - box.height + 1), random.integer(width - box.width + 1)];
    return { ...box, top, left };
  }
  return { top: 0, left: 0, height, width };
}

/** Writes a part of an image in the size of the whole one; pixel centres are at halves. */
export function resizeBox({ image, target, size }: AugmentedImage, box: CropBox): void {
  const { channels, height, width } = size;
  const rows = linearTaps(box.height, height);
  const columns = linearTaps(box.width, width);
  const round = target instanceof Uint8Array ? Math.round : (x: number) => x;
  for (let channel = 0; channel < channels; channel++) {
    const plane = channel * height * width;
    const corner = plane + box.top * width + box.left;
    rows.forEach(([above, below], y) => {
      columns.forEach(([left, right], x) => {
        const along = ({ index, weight }: typeof above) => {
          const row = corner + index * width;
          return weight * (left.weight * image[row + left.index]! + right.weight * image[row + right.index]!);
        };
        target[plane + y * width + x] = round(along(above) + along(below));
      });
    });
  }
}
