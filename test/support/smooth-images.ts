import type { ImageSource } from '../../src/data/image-source.ts';
import { random } from '../../src/numeric/random.ts';

/** Images without classes and without noise: plane waves of four directions, with a phase, contrast and colour drawn per image. */
export function smoothImages(count: number, { size, seed }: { size: number; seed: number }): ImageSource {
  const read = (index: number, target: Uint8Array) => {
    const { uniform } = random(seed, 7, index);
    const angle = (Math.PI * (index % 4)) / 4;
    const frequency = (2 * Math.PI * (1 + (index % 3))) / size;
    const [phase, contrast] = [2 * Math.PI * uniform(), 40 + 60 * uniform()];
    const colours = [uniform(), uniform(), uniform()];
    for (let i = 0; i < target.length; i++) {
      const [x, y] = [i % size, Math.floor(i / size) % size];
      const wave = Math.sin(frequency * (x * Math.cos(angle) + y * Math.sin(angle)) + phase);
      target[i] = 127 + contrast * wave * colours[Math.floor(i / size ** 2)]!;
    }
  };
  const labels = new Int32Array(count);
  return { name: 'smooth', count, channels: 3, height: size, width: size, labels, classes: [], read };
}
