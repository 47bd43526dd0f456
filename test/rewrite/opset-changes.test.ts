import { describe, expect, test } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { standardOperators } from '../../src/graph/operators/standard.ts';
import {
  newerThanOpset,
  operatorVersions,
  type StandardOperator,
} from '../../src/graph/operators/versions.ts';
import { compatible, upgrades } from '../../src/rewrite/rules/opset-changes/index.ts';

describe('every version of every operator that the rules know', () => {
  test.each(Object.keys(standardOperators) as StandardOperator[])('%s', (op) => {
    const rows = (Object.hasOwn(upgrades, op) ? upgrades[op]! : []).map(({ since }) => since);
    const said = [...rows, ...(compatible[op] ?? [])].sort((a, b) => a - b);
    const [, ...later] = operatorVersions[op];
    expect(said).toEqual(later);
  });
});

test('an operator that the opset does not know yet is named', () => {
  const b = builderOf(emptyGraph('net', 18));
  b.output(b.Gelu(b.input('x', 'float32', [2])));
  expect(newerThanOpset(b.graph)).toBe('Gelu (Gelu)');
  b.graph.opsets[''] = 20;
  expect(newerThanOpset(b.graph)).toBe(null);
});
