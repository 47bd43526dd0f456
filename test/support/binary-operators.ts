import { type Float32Tensor, floats } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

/** What they compute of two numbers. */
export const binaries = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => a / b,
  Max: (a: number, b: number) => Math.max(a, b),
  Min: (a: number, b: number) => Math.min(a, b),
} as const;

export type Binary = keyof typeof binaries;
/** Far enough from zero to divide by. */
export const numbersOf = (shape: readonly number[], seed: number): Float32Tensor =>
  floats(
    shape,
    normals(shape, seed).data.map((v) => v + Math.sign(v) * 0.5),
  );
