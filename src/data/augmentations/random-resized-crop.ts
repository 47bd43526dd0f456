import type { Random } from '../../numeric/random.ts';
import type { ImageShape } from '../image-source.ts';
import type { Augmentation, AugmentedImage } from './augmentation.ts';

/** Smallest part of the area; aspect ratios are from 3/4 to 4/3. */
const LEAST_AREA = 0.25;
const MOST_RATIO = 4 / 3;
const TRIES = 10;

interface Box {
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

function randomBox({ height, width }: ImageShape, random: Random): Box {
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
export function resizeBox({ image, target, size }: AugmentedImage, box: Box): void {
  const { channels, height, width } = size;
  const rows = samplesAlong(box.top, box.height, height);
  const columns = samplesAlong(box.left, box.width, width);
  const round = target instanceof Uint8Array ? Math.round : (x: number) => x;
  for (let channel = 0; channel < channels; channel++) {
    const plane = channel * height * width;
    rows.forEach((row, y) => {
      const [above, below] = [plane + row.low * width, plane + row.high * width];
      columns.forEach(({ low, high, part }, x) => {
        const upper = (1 - part) * image[above + low]! + part * image[above + high]!;
        const lower = (1 - part) * image[below + low]! + part * image[below + high]!;
        target[plane + y * width + x] = round((1 - row.part) * upper + row.part * lower);
      });
    });
  }
}

/** For each pixel of a line, its two neighbours in the part, and the weight of the second one. */
function samplesAlong(start: number, length: number, size: number) {
  return Array.from({ length: size }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * length) / size - 0.5, 0), length - 1);
    const low = Math.floor(at);
    return { low: start + low, high: start + Math.min(low + 1, length - 1), part: at - low };
  });
}
