import type { NetworkDefinition } from './network.ts';
import { cifarRepvgg } from './repvgg.ts';

/** A family of networks whose names contain numbers. */
export interface Family {
  /** The form of the names: `repvgg-cifarN`. */
  readonly form: string;
  /** The definition of a name; null if the name is not of this form, or has invalid numbers. */
  define(name: string): NetworkDefinition | null;
}

/** Maximum depth: larger numbers are assumed to be typing errors. */
const DEEPEST = 1202;

/** The families in the order in which they are tried. */
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
