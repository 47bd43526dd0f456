import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openDataSet } from '../src/data/data-sets.ts';

// Links the images of a folder into train/ and val/ of a new folder, in the halves that commands without training use
// (calibration and test images of seed 1), so that training can use the same:
// npx tsx scripts/split-images.ts FOLDER NEW [LABELS]

const [from, to, labels] = process.argv.slice(2);
if (!from || !to) throw new Error('expected a folder of images by class, and a new folder');
const { train, test } = await openDataSet(resolve(from), {
  purpose: 'calibrate',
  seed: 1,
  ...(labels && { labels }),
});
for (const [part, { origin }] of [
  ['train', train],
  ['val', test],
] as const) {
  if (origin?.kind !== 'subset' || origin.of.kind !== 'files') throw new Error(`${from} is already split`);
  for (const index of origin.indices) {
    const path = origin.of.paths[index] ?? '';
    const folder = join(to, part, basename(dirname(path)));
    mkdirSync(folder, { recursive: true });
    symlinkSync(path, join(folder, basename(path)));
  }
}
