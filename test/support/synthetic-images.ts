import type { ImageSource } from '../../src/data/image-source.ts';
import { random } from '../../src/numeric/random.ts';

export interface SyntheticOptions {
  readonly count: number;
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
  readonly seed: number;
}

/**
 * Images that a small network learns in a few steps: class k is a plane wave of frequency and direction k, its phase
 * and some noise drawn per image. Image i depends on (seed, i) alone, so a longer source begins like a shorter one.
 */
export function syntheticImages({ count, size, channels, classes, seed }: SyntheticOptions): ImageSource {
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const read = (index: number, target: Uint8Array) => {
    const draw = random(seed, 7, index);
    const label = labels[index]!;
    const angle = (Math.PI * label) / classes;
    const frequency = (2 * Math.PI * (1 + (label % 3))) / size;
    const phase = (draw.uniform() - 0.5) * Math.PI;
    for (let i = 0; i < target.length; i++) {
      const [x, y] = [i % size, Math.floor(i / size) % size];
      const wave = Math.sin(frequency * (x * Math.cos(angle) + y * Math.sin(angle)) + phase);
      target[i] = 127 + 70 * wave + 50 * (draw.uniform() - 0.5);
    }
  };
  const names = Array.from({ length: classes }, (_, label) => `wave ${label}`);
  return { name: 'synthetic', count, channels, height: size, width: size, labels, classes: names, read };
}
