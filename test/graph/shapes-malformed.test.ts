import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EspalierError } from '../../src/errors.ts';
import {
  type Attribute,
  type Dim,
  makeConstant,
  makeValue,
  type Node,
  type Value,
} from '../../src/graph/graph.ts';
import { domainOf, type OperatorName, operators } from '../../src/graph/operators/index.ts';
import { inferNode } from '../../src/graph/shapes/index.ts';
import { floats, int64s, scalar } from '../../src/numeric/tensor.ts';

const wild = fc.oneof(fc.integer({ min: -4, max: 5 }), fc.constantFrom(2 ** 31, 2 ** 52, -(2 ** 40), 0));
const dim: fc.Arbitrary<Dim> = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom('N', 'H', null, 2 ** 50));
const value: fc.Arbitrary<Value | null> = fc.oneof(
  fc.constant(null),
  fc
    .tuple(fc.constantFrom('float32', 'int64', 'bool', null), fc.option(fc.array(dim, { maxLength: 5 })))
    .map(([dtype, shape]) => makeValue('v', dtype as Value['dtype'], shape)),
  fc.array(wild, { maxLength: 4 }).map((list) => makeConstant('c', int64s(list))),
  fc.array(wild, { maxLength: 4 }).map((list) => makeConstant('c', floats([list.length], list))),
  wild.map((number) => makeConstant('c', scalar(number, 'int64'))),
);

/** Any attribute of the schema's kind, or none. */
function attribute(kind: string): fc.Arbitrary<Attribute | undefined> {
  const byKind: Record<string, fc.Arbitrary<Attribute>> = {
    int: wild.map((number) => ({ kind: 'int', value: number })),
    float: wild.map((number) => ({ kind: 'float', value: number })),
    ints: fc.array(wild, { maxLength: 5 }).map((list) => ({ kind: 'ints', value: list })),
    floats: fc.array(wild, { maxLength: 5 }).map((list) => ({ kind: 'floats', value: list })),
    string: fc
      .constantFrom('SAME_UPPER', 'VALID', 'NOTSET', 'ij,jk->ik', '...i->', 'not_larger')
      .map((text) => ({ kind: 'string', value: text })),
    tensor: wild.map((number) => ({ kind: 'tensor', value: floats([1], [number]) })),
  };
  return fc.option(byKind[kind] ?? fc.constant({ kind: 'int', value: 1 } as Attribute), { nil: undefined });
}

const node: fc.Arbitrary<Node> = fc
  .constantFrom(...(Object.keys(operators) as OperatorName[]))
  .chain((op) => {
    const schemas = Object.entries(operators[op].attributes as Record<string, { kind: string }>);
    const attributes = fc.record(
      Object.fromEntries(schemas.map(([name, { kind }]) => [name, attribute(kind)])),
    );
    return fc
      .record({ inputs: fc.array(value, { maxLength: 5 }), attributes, outputs: fc.nat({ max: 4 }) })
      .map(({ inputs, attributes, outputs }) => ({
        op,
        domain: domainOf(op),
        name: 'node',
        inputs,
        outputs: Array.from({ length: outputs }, (_, i) => makeValue(`y${i}`)),
        attributes: Object.fromEntries(
          Object.entries(attributes).filter(([, given]) => given),
        ) as Node['attributes'],
      }));
  });

test('any node, however malformed, is inferred or refused by name', () => {
  fc.assert(
    fc.property(node, fc.integer({ min: 7, max: 22 }), (made, opset) => {
      try {
        inferNode(made, { '': opset, espalier: 1 }, new Map());
      } catch (error) {
        if (!(error instanceof EspalierError) || !error.message.startsWith('node (')) throw error;
        return;
      }
      for (const output of made.outputs) {
        for (const size of output?.shape ?? []) {
          if (typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 0)) {
            throw new Error(`${made.op} infers a dimension of ${size}`);
          }
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['Reshape', 1],
  ['Expand', 1],
  ['Tile', 1],
  ['Slice', 1],
  ['Squeeze', 1],
  ['Unsqueeze', 1],
  ['Split', 1],
  ['Pad', 1],
  ['Gather', 1],
  ['ConstantOfShape', 0],
  ['TopK', 1],
] as const)('%s refuses numbers with a fraction as input %i', (op, index) => {
  const x = makeValue('x', 'float32', [2, 3]);
  const sizes = makeConstant('sizes', floats([1], [1.5]));
  const inputs = Array.from({ length: index + 1 }, (_, i) => (i === index ? sizes : x));
  const node = { op, domain: '', name: 'node', inputs, outputs: [makeValue('y')], attributes: {} };
  expect(() => inferNode(node, { '': 18 }, new Map())).toThrow(
    'expected whole numbers as sizes, found float32',
  );
});
