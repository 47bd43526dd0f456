import { join } from 'node:path';
import { writeRandomImages } from '../cases/images.ts';

/** Classes of the images that have some: as many as the networks have scores. */
const CLASSES = 10;

/** The folders of images beneath the fuzzer's own: with a class, and without. */
export const imageFolders = (folder: string) => ({
  labelled: join(folder, 'labelled'),
  unlabelled: join(folder, 'unlabelled'),
});

/** Writes the images that commands look at. */
export async function writeFuzzImages(folder: string): Promise<void> {
  const { labelled, unlabelled } = imageFolders(folder);
  await writeRandomImages(unlabelled, { count: 4, size: 16 });
  for (const split of ['train', 'val']) {
    for (let i = 0; i < CLASSES; i++)
      await writeRandomImages(join(labelled, split, `class${i}`), { count: 1, size: 16 });
  }
}
