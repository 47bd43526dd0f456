import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { ConformanceCase } from './conformance.ts';
import { normals } from './run-graph.ts';

type Numbers = ArrayLike<number>;

const shape = [2, 10, 3, 4];
const [a, b] = [normals(shape, 1), normals(shape, 2)];
/** f of each pair of elements of the inputs a and b. */
export const each = (f: (a: number, b: number) => number): Numbers => a.data.map((v, i) => f(v, b.data[i]!));
export const positive = (v: number): number => Math.max(v, 0);

/** A function of the inputs a and b, element by element, as a graph and in numbers. */
export interface ElementwiseCase {
  readonly title: string;
  readonly build: (g: Builder, inputs: Readonly<Record<'a' | 'b', Value>>) => Readonly<Record<string, Value>>;
  readonly expected: () => Readonly<Record<string, Numbers>>;
}

/** The case of random a and b. */
export const caseOf = ({ title, build, expected }: ElementwiseCase): ConformanceCase<'a' | 'b'> => ({
  title,
  inputs: { a, b },
  build,
  expected,
});
