import type { NetworkDefinition } from './network.ts';
import { cifarRepvgg } from './repvgg.ts';

/** Networks whose names hold numbers. */
export interface Family {
  /** How the names are written: `repvgg-cifarN`. */
  readonly form: string;
  /** The definition of a name; null for a name of another form, or numbers that no network has. */
  define(name: string): NetworkDefinition | null;
}

/** Beyond it a network is a typing error. */
const DEEPEST = 1202;

/** In the order in which they are asked. */
export const families: readonly Family[] = [
  {
    form: 'repvgg-cifarN (N = 3n + 2 layers) or repvgg-cifarNxK (K times as wide)',
    define(name) {
      const [, depth, k = 1] = /^repvgg-cifar(\d{1,4})(?:x(\d{1,2}))?$/.exec(name)?.map(Number) ?? [];
      if (!depth || depth < 5 || depth > DEEPEST || (depth - 2) % 3 !== 0) return null;
      return k === 0 ? null : cifarRepvgg(depth, k || 1);
    },
  },
];
