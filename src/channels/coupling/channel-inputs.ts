import type { StandardOperatorName } from '../../graph/operators/index.ts';

/** The inputs whose channels a rule follows, by index; `all` if it handles every input. */
export type ChannelInputs = 'all' | readonly number[];

function each<const Names extends string>(
  inputs: ChannelInputs,
  names: readonly Names[],
): Record<Names, ChannelInputs> {
  return Object.fromEntries(names.map((name) => [name, inputs])) as Record<Names, ChannelInputs>;
}

/**
 * By operator: which inputs are feature maps. Channels of all other inputs (coordinates of a grid, indices, sizes, a region)
 * are pinned. A missing row does not compile.
 */
export const channelInputs: { readonly [Op in StandardOperatorName]: ChannelInputs } = {
  ...each([0], ['Abs', 'Neg', 'Sign', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Erf']),
  ...each([0], ['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh']),
  ...each([0], ['Relu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign', 'HardSwish', 'Mish', 'LeakyRelu', 'Elu']),
  ...each([0], ['Celu', 'Selu', 'ThresholdedRelu', 'HardSigmoid', 'Gelu', 'Shrink', 'Clip', 'Identity']),
  ...each([0], ['Cast', 'CastLike', 'Dropout', 'Not', 'IsNaN', 'IsInf', 'BitwiseNot']),
  ...each('all', ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Sum', 'Mean', 'PRelu', 'Where']),
  ...each('all', ['And', 'Or', 'Xor', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual']),
  ...each('all', ['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor']),
  /** Computed weights are handled by the rules, which pin their channels. */
  ...each('all', ['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum']),
  ...each('all', ['BatchNormalization', 'InstanceNormalization', 'GroupNormalization']),
  ...each([0], ['LayerNormalization', 'MeanVarianceNormalization', 'LpNormalization', 'LRN']),
  ...each([0], ['Softmax', 'LogSoftmax', 'Hardmax']),
  ...each([0], ['MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool']),
  /** The last axis of a grid contains x and y; a region of interest has a start and an end per axis. */
  ...each([0], ['GridSample', 'Resize', 'Upsample', 'DepthToSpace', 'SpaceToDepth']),
  ...each([0], ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2']),
  ...each([0], ['ReduceSumSquare', 'ReduceLogSum', 'ReduceLogSumExp', 'ArgMax', 'ArgMin', 'CumSum']),
  ...each([0], ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand', 'Tile']),
  Concat: 'all',
  ...each([0], ['Split', 'Slice', 'Gather', 'Pad']),
  /** Channels are not followed through these operators: those of all inputs are pinned. */
  ...each('all', ['ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul', 'QuantizeLinear']),
  ...each('all', ['DequantizeLinear', 'DynamicQuantizeLinear', 'TopK', 'NonMaxSuppression', 'RoiAlign']),
  ...each('all', ['GatherElements', 'GatherND', 'ScatterElements', 'ScatterND', 'OneHot', 'NonZero']),
  ...each('all', ['Trilu', 'If']),
  /** Only the shape is read. */
  ...each('all', ['Shape', 'Size', 'EyeLike', 'Constant']),
  ...each([], ['ConstantOfShape', 'Range']),
};
