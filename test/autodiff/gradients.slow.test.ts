import { describe, expect, it } from 'vitest';
import { gradientRules } from '../../src/autodiff/rules/index.ts';
import { standardOperators } from '../../src/graph/operators/standard.ts';
import { makeTensor } from '../../src/numeric/tensor.ts';
import { arithmeticCases } from './cases/arithmetic.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { indexingCases } from './cases/indexing.ts';
import { normalizationCases } from './cases/normalization.ts';
import { structureCases } from './cases/structure.ts';
import { windowCases } from './cases/windows.ts';
import { checkGradients, type GradientCase } from './gradient-check.ts';

const lossCases: readonly GradientCase[] = [0, 0.1].map((label_smoothing) => ({
  op: 'SoftmaxCrossEntropy',
  title: `label smoothing ${label_smoothing}`,
  shapes: [[3, 4]],
  build: (g, [logits]) =>
    g.SoftmaxCrossEntropy(logits, g.constant(makeTensor('int64', [3], BigInt64Array.of(2n, 0n, 3n))), {
      label_smoothing,
    })[0],
}));

const families = {
  elementwise: elementwiseCases,
  arithmetic: arithmeticCases,
  structure: structureCases,
  indexing: indexingCases,
  normalisation: normalizationCases,
  windows: windowCases,
  losses: lossCases,
};

describe.each(Object.entries(families))('gradients of %s agree with central differences', (_, cases) => {
  it.each(cases.map((one, i) => [one.op, one.title ?? JSON.stringify(one.shapes), one, i] as const))(
    '%s %s',
    (_op, _title, gradientCase, i) => checkGradients(gradientCase, i),
  );
});

it('every rule is checked, and these of ONNX operators have none', () => {
  const checked = new Set<string>(Object.values(families).flatMap((cases) => cases.map(({ op }) => op)));
  const rows = Object.entries(gradientRules);
  const unchecked = rows.filter(([op, row]) => typeof row === 'function' && !checked.has(op));
  expect(unchecked.map(([op]) => op)).toEqual([]);
  const without = rows.filter(([op, row]) => row === 'unsupported' && Object.hasOwn(standardOperators, op));
  expect(
    without
      .map(([op]) => op)
      .sort()
      .join(' '),
  ).toBe(
    'ConvInteger DequantizeLinear DynamicQuantizeLinear Einsum GlobalLpPool GridSample If LRN LpNormalization ' +
      'LpPool MatMulInteger Mod OneHot QLinearConv QLinearMatMul QuantizeLinear Range ReduceProd RoiAlign Upsample',
  );
});
