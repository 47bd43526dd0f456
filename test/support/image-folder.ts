import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { syntheticImages } from './synthetic-images.ts';

interface FolderOptions {
  readonly count: number;
  readonly size: number;
  readonly classes: number;
  readonly seed: number;
}

/** Writes learnable images as `root/<split>/<class>/<index>.png`, `count` a split. */
export async function writeImageFolder(root: string, options: FolderOptions): Promise<void> {
  for (const [index, split] of ['train', 'val'].entries()) {
    const source = syntheticImages({ ...options, channels: 3, seed: options.seed + index });
    const { size } = options;
    for (let i = 0; i < source.count; i++) {
      const planar = new Uint8Array(3 * size * size);
      await source.read(i, planar);
      const interleaved = Uint8Array.from(
        planar,
        (_, at) => planar[(at % 3) * size * size + Math.floor(at / 3)]!,
      );
      const folder = join(root, split, `class${source.labels[i]}`);
      mkdirSync(folder, { recursive: true });
      await sharp(interleaved, { raw: { width: size, height: size, channels: 3 } })
        .png()
        .toFile(join(folder, `${i}.png`));
    }
  }
}
