import { concatSplitCouplings, sliceCouplings } from './concat-split-slice.ts';
import { convolutionCouplings } from './convolution.ts';
import { elementwise, opaque, passOn } from './elementwise.ts';
import { matrixCouplings } from './matrix.ts';
import { normalizationCouplings } from './normalization.ts';
import { poolingCouplings } from './pooling.ts';
import { quantizationCouplings } from './quantization.ts';
import { reductionCouplings } from './reduction.ts';
import { reshapingCouplings } from './reshaping.ts';
import type { CouplingRules } from './rule.ts';

/** Assigns the same rule to several operators. */
function each<const Names extends string, Rule>(rule: Rule, names: readonly Names[]): Record<Names, Rule> {
  return Object.fromEntries(names.map((name) => [name, rule])) as Record<Names, Rule>;
}

/** One row per operator: how channels of its inputs become those of its outputs. A missing row does not compile. */
export const couplings: CouplingRules = {
  ...convolutionCouplings,
  ...matrixCouplings,
  ...normalizationCouplings,
  ...poolingCouplings,
  ...quantizationCouplings,
  ...reductionCouplings,
  ...reshapingCouplings,
  ...concatSplitCouplings,
  ...sliceCouplings,
  ...each(passOn, [
    'Abs',
    'Neg',
    'Sign',
    'Exp',
    'Log',
    'Sqrt',
    'Reciprocal',
    'Floor',
    'Ceil',
    'Round',
    'Erf',
  ]),
  ...each(passOn, ['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh']),
  ...each(passOn, [
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'HardSwish',
    'Mish',
    'LeakyRelu',
    'Elu',
  ]),
  ...each(passOn, ['Celu', 'Selu', 'ThresholdedRelu', 'HardSigmoid', 'Gelu', 'Shrink', 'Clip', 'Identity']),
  ...each(passOn, ['Cast', 'CastLike', 'Dropout', 'Not', 'IsNaN', 'IsInf', 'BitwiseNot']),
  ...each(elementwise, [
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Mod',
    'Min',
    'Max',
    'Sum',
    'Mean',
    'PRelu',
    'Where',
  ]),
  ...each(elementwise, ['And', 'Or', 'Xor', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual']),
  ...each(elementwise, ['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor']),
  /** Layers on integers, and operators through which channels are not followed. */
  ...each(opaque, ['ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul']),
  ...each(opaque, ['DynamicQuantizeLinear', 'TopK', 'NonMaxSuppression', 'RoiAlign']),
  ...each(opaque, [
    'GatherElements',
    'GatherND',
    'ScatterElements',
    'ScatterND',
    'OneHot',
    'NonZero',
    'Trilu',
    'If',
  ]),
  /** Shapes adapt to the pruned tensor. */
  ...each(() => [null], ['Shape', 'Size', 'Constant', 'ConstantOfShape', 'Range', 'EyeLike']),
};
