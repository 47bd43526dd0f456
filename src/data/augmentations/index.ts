import { EspalierError } from '../../errors.ts';
import type { Augmentation, AugmentedImage } from './augmentation.ts';
import { colorJitter } from './color-jitter.ts';
import { cutmix } from './cutmix.ts';
import { flip } from './flip.ts';
import type { Mixing } from './mixing.ts';
import { mixup } from './mixup.ts';
import { none } from './none.ts';
import { padCropFlip } from './pad-crop-flip.ts';
import { randomResizedCrop } from './random-resized-crop.ts';

export type { Augmentation } from './augmentation.ts';

/** The augmentations of one image by name. */
export const augmentations = {
  none,
  flip,
  'pad-crop-flip': padCropFlip,
  'random-resized-crop': randomResizedCrop,
  'color-jitter': colorJitter,
} satisfies Record<string, Augmentation>;

/** The augmentations that mix the images of a batch by name. */
export const mixings = { mixup, cutmix } satisfies Record<string, Mixing>;

/**
 * The built-in augmentations: none; random horizontal flips; random shifts by up to 4 pixels with random horizontal flips; random
 * crops resized to the size of the image; random brightness, contrast and saturation; mixtures of images, mixup and cutmix.
 */
export type AugmentationName = keyof typeof augmentations | keyof typeof mixings;
export const augmentationNames = Object.keys({ ...augmentations, ...mixings }) as AugmentationName[];

/** One augmentation, or several that are applied in order; of mixtures, each batch has one at random. */
export type AugmentationSetting =
  | AugmentationName
  | Augmentation
  | readonly (AugmentationName | Augmentation)[];

/** The augmentations of a setting, of single images and of batches. */
export interface ChosenAugmentations {
  readonly image: Augmentation;
  readonly mixings: readonly Mixing[];
}

/** The augmentations of a setting. Throws `usage` on an unknown name. */
export function chosenAugmentations(setting: AugmentationSetting): ChosenAugmentations {
  const listed = [setting].flat();
  const named: Readonly<Record<string, Augmentation | Mixing>> = { ...augmentations, ...mixings };
  const all = listed.map((one) => {
    const found = typeof one === 'string' ? named[one] : one;
    if (found) return found;
    throw new EspalierError(
      'usage',
      `unknown augmentation ${one}, expected some of ${augmentationNames.join(', ')}`,
    );
  });
  return {
    image: inOrder(all.filter((one) => 'apply' in one)),
    mixings: all.filter((one) => 'mix' in one),
  };
}

/** Whether a setting mixes the images of a batch, so that each has two labels. */
export const mixesImages = (setting: AugmentationSetting): boolean =>
  chosenAugmentations(setting).mixings.length > 0;

/** Augmentations one after the other, which draw from the same random numbers. */
function inOrder(list: readonly Augmentation[]): Augmentation {
  if (list.length < 2) return list[0] ?? none;
  const spare: AugmentedImage['target'][] = [];
  return {
    name: list.map(({ name }) => name).join(),
    apply({ image, target, size }, random) {
      let from = image;
      for (const [i, augmentation] of list.entries()) {
        const isLast = i === list.length - 1;
        spare[i % 2] ??= target.slice();
        const to = isLast ? target : spare[i % 2]!;
        augmentation.apply({ image: from, target: to, size }, random);
        from = to;
      }
    },
  };
}
