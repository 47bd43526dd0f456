import { type Binary, binaries, numbersOf } from '../../support/binary-operators.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { broadcastAt, generate, referenceOf } from '../../support/reference/array.ts';

type Shape = readonly number[];

const larger = (a: Shape, b: Shape): number[] => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => Math.max(a.at(axis - rank) ?? 1, b.at(axis - rank) ?? 1));
};

function binary(op: Binary, left: Shape, right: Shape): ConformanceCase<'a' | 'b'> {
  const [a, b] = [numbersOf(left, 1), numbersOf(right, 2)];
  return {
    title: `${op} [${left}] [${right}]`,
    inputs: { a, b },
    build: (g, v) => ({ y: g[op](v.a, v.b) }),
    expected() {
      const [x, y] = [referenceOf(a), referenceOf(b)];
      return {
        y: generate(larger(left, right), (index) =>
          binaries[op](broadcastAt(x, index), broadcastAt(y, index)),
        ),
      };
    },
  };
}

describeInference('arithmetic, element by element', (executor) => {
  const names = Object.keys(binaries) as Binary[];
  const image = [2, 10, 4, 5];
  checkCases(executor, [
    ...names.flatMap((op) => [
      binary(op, image, image),
      binary(op, image, []),
      binary(op, image, [1, 10, 1, 1]),
      binary(op, [1, 10, 1, 1], image),
    ]),
    binary('Mul', image, [10, 1, 1]),
    binary('Mul', image, [2, 10, 1, 1]),
    binary('Mul', image, [2, 1, 4, 5]),
    binary('Mul', image, [4, 5]),
    binary('Mul', image, [5]),
    binary('Mul', image, [1]),
    binary('Mul', image, [1, 10, 1, 5]),
    binary('Add', image, [2, 1, 4, 1]),
    binary('Sub', [2, 1, 4, 5], [2, 10, 1, 1]),
    binary('Add', [3, 1], [1, 4]),
    binary('Add', [], []),
    binary('Mul', [], [3]),
    binary('Div', [7], [7]),
    binary('Sub', [3, 17], [17]),
    binary('Add', [1, 3], [3]),
    binary('Add', [2, 3, 2, 3, 2, 2], [2, 3, 2, 3, 2, 2]),
    binary('Mul', [2, 3, 2, 3, 2, 2], [2, 1, 1, 2]),
    // A filter skeleton times weights.
    binary('Mul', [17, 10, 3, 3], [17, 1, 3, 3]),
    binary('Mul', [16, 16, 3, 3], [16, 1, 3, 3]),
    binary('Mul', [1, 3, 5, 5], [1, 1, 5, 5]),
  ]);
});
