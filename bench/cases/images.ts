import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { random } from '../../src/numeric/random.ts';
import type { ImageSize } from './export.ts';

/** A seeded image of coloured patches. */
function patches(seed: number, { height, width }: Pick<ImageSize, 'height' | 'width'>): Sharp {
  const { integer } = random(3, seed);
  const pixels = Uint8Array.from({ length: 3 * 8 * 8 }, () => integer(256));
  return sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } }).resize(width, height, { fit: 'fill' });
}

/** Writes seeded images of coloured patches, without classes, as `folder/<index>.png`. */
export async function writeRandomImages(
  folder: string,
  { count, size }: { readonly count: number; readonly size: number },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++)
    await patches(i, { height: size, width: size })
      .png()
      .toFile(join(folder, `${i}.png`));
}

/** Images of the same kind as inputs, (x/255 − 0.5)/0.25, in the shape of an input: [N, 3, H, W] or [N, H, W, 3]. */
export async function patchInputs(seed: number, shape: readonly number[]): Promise<Float32Array> {
  const [batch = 1, second = 3, third = 1, fourth = 1] = shape;
  const isPlanar = second === 3;
  const [height, width] = isPlanar ? [third, fourth] : [second, third];
  const inputs = new Float32Array(batch * 3 * height * width);
  for (let n = 0; n < batch; n++) {
    const pixels = await patches(1000 * seed + n, { height, width })
      .raw()
      .toBuffer();
    pixels.forEach((x, i) => {
      const place = isPlanar ? (i % 3) * height * width + Math.floor(i / 3) : i;
      inputs[n * pixels.length + place] = (x / 255 - 0.5) / 0.25;
    });
  }
  return inputs;
}
