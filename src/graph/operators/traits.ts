import type { Node } from '../graph.ts';
import { knownOperator, type OperatorName } from './index.ts';

/** Operators of which these facts alone are known: no rule here handles them. */
const unhandled = [
  ...['Compress', 'Unique', 'Loop', 'Scan'],
  ...['SequenceConstruct', 'ConcatFromSequence', 'SplitToSequence', 'SequenceAt'],
  ...['EfficientNMS_TRT', 'BatchedNMS_TRT'],
] as const;

type Operators = readonly (OperatorName | (typeof unhandled)[number])[];

/** Properties that several passes use, each with the operators that have it. */
const operatorsWith = {
  /** An elementwise function that is used as an activation. */
  activation: [
    ...['Relu', 'Clip', 'LeakyRelu', 'PRelu', 'Elu', 'Celu', 'Selu', 'Gelu', 'Sigmoid', 'HardSigmoid'],
    ...['HardSwish', 'Tanh', 'Softplus', 'Softsign', 'Mish', 'ThresholdedRelu'],
  ],
  /** A linear layer: y = x·W, or x ⋆ W, with W as its second input. */
  linear: ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'],
  /** The result contains the elements of the first input, in the same order, with another shape. */
  reshapes: ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'],
  /** Reads the size of its input and none of its elements. */
  readsSize: ['Shape', 'Size'],
  /** Maps different inputs to equal outputs, up to rounding. */
  saturates: ['Sigmoid', 'Softmax', 'LogSoftmax', 'Tanh', 'HardSigmoid', 'Clip', 'Softsign', 'Erf'],
  /** Selects elements, or computes results that depend on their order. */
  selects: [
    ...['TopK', 'NonMaxSuppression', 'NonZero', 'If', 'Unique', 'Compress', 'Loop', 'Scan'],
    ...['EfficientNMS_TRT', 'BatchedNMS_TRT'],
  ],
  /** Selects, compares or rounds: inputs that differ by rounding may lead to completely different outputs. */
  discontinuous: [
    ...[
      'TopK',
      'NonMaxSuppression',
      'ArgMax',
      'ArgMin',
      'Hardmax',
      'NonZero',
      'Compress',
      'Unique',
      'OneHot',
    ],
    ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Round', 'Floor', 'Ceil', 'Sign', 'Mod'],
    ...['If', 'Loop', 'Scan'],
  ],
  /** Moves values, or computes with them element by element, without weights of its own. */
  passesOn: [
    ...['Identity', 'Dropout', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Concat'],
    ...['Split', 'Slice', 'Gather', 'GatherElements', 'GatherND', 'ScatterElements', 'ScatterND', 'Expand'],
    ...['Tile', 'Pad', 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Exp', 'Log', 'Sqrt', 'Neg', 'Abs', 'Reciprocal'],
    ...['Min', 'Max', 'Sum', 'Mean', 'Relu', 'LeakyRelu', 'Where', 'And', 'Or', 'Not', 'Xor', 'ReduceMean'],
    ...['ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL2', 'Resize', 'Upsample', 'MaxPool'],
    ...['AveragePool', 'CumSum', 'Shape', 'Size', 'GlobalAveragePool', 'GlobalMaxPool', 'DepthToSpace'],
    ...['SpaceToDepth', 'ConstantOfShape', 'Range', 'Constant'],
    ...['SequenceConstruct', 'ConcatFromSequence', 'SplitToSequence', 'SequenceAt'],
  ],
} as const satisfies Readonly<Record<string, Operators>>;

type OperatorTraits = { readonly [Trait in keyof typeof operatorsWith]?: true };

const traits = new Map<string, OperatorTraits>();
for (const [trait, operators] of Object.entries(operatorsWith))
  for (const op of operators) traits.set(op, { ...traits.get(op), [trait]: true });

/** The traits of a node's operator; none for other operators and domains. */
export const traitsOf = (node: Node): OperatorTraits =>
  ((knownOperator(node) || isUnhandled(node.op)) && traits.get(node.op)) || {};

const isUnhandled = (op: string): boolean => (unhandled as readonly string[]).includes(op);
