import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../../src/numeric/random.ts';

/** Writes seeded images of coloured patches, without classes, as `folder/<index>.png`. */
export async function writeRandomImages(
  folder: string,
  { count, size }: { readonly count: number; readonly size: number },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const { integer } = random(3, i);
    const pixels = Uint8Array.from({ length: 3 * 8 * 8 }, () => integer(256));
    const image = sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } });
    await image
      .resize(size, size)
      .png()
      .toFile(join(folder, `${i}.png`));
  }
}
