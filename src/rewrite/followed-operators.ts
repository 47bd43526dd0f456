import type { Attribute, Node } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';

/** Whether a node passes on, saturates or orders values, without weights of its own. */
export const isKnown = ({ op, domain }: Node): boolean =>
  domain === '' && (passing.has(op) || saturating.has(op) || ordering.has(op));

/** Whether inputs that differ by rounding may lead to completely different outputs. */
export const isOrdering = (node: Node): boolean =>
  ordering.has(node.op) || (isOperator(node, 'Cast') && !isFloat(node.attributes.to));

/** Whether different inputs may lead to equal outputs, up to rounding. */
export const isSaturating = ({ op }: Node): boolean => saturating.has(op);

/** Whether a node reads only sizes: the elements of its input, which may have lost channels, are not compared. */
export const readsSize = (node: Node): boolean => isOperator(node, 'Shape') || isOperator(node, 'Size');

/** Operators that map different inputs to equal outputs, up to rounding. */
const saturating: ReadonlySet<string> = new Set([
  'Sigmoid',
  'Softmax',
  'LogSoftmax',
  'Tanh',
  'HardSigmoid',
  'Clip',
  'Softsign',
  'Erf',
]);

/** Operators that select, order or round: inputs that differ by rounding may lead to completely different outputs. */
const ordering: ReadonlySet<string> = new Set(
  [
    ['TopK', 'NonMaxSuppression', 'ArgMax', 'ArgMin', 'Hardmax', 'NonZero', 'Compress', 'Unique', 'OneHot'],
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Round', 'Floor', 'Ceil', 'Sign', 'Mod'],
    ['If', 'Loop', 'Scan'],
  ].flat(),
);

/** Operators that pass values on, or compute elementwise, without weights of their own. */
const passing: ReadonlySet<string> = new Set(
  [
    [
      'Identity',
      'Dropout',
      'Cast',
      'Reshape',
      'Flatten',
      'Squeeze',
      'Unsqueeze',
      'Transpose',
      'Concat',
      'Split',
    ],
    [
      'Slice',
      'Gather',
      'GatherElements',
      'GatherND',
      'ScatterElements',
      'ScatterND',
      'Expand',
      'Tile',
      'Pad',
    ],
    [
      'Add',
      'Sub',
      'Mul',
      'Div',
      'Pow',
      'Exp',
      'Log',
      'Sqrt',
      'Neg',
      'Abs',
      'Reciprocal',
      'Min',
      'Max',
      'Sum',
    ],
    ['Mean', 'Relu', 'LeakyRelu', 'Where', 'And', 'Or', 'Not', 'Xor', 'ReduceMean', 'ReduceSum', 'ReduceMax'],
    [
      'ReduceMin',
      'ReduceProd',
      'ReduceL2',
      'Resize',
      'Upsample',
      'MaxPool',
      'AveragePool',
      'CumSum',
      'Shape',
    ],
    [
      'GlobalAveragePool',
      'GlobalMaxPool',
      'DepthToSpace',
      'SpaceToDepth',
      'Size',
      'ConstantOfShape',
      'Range',
    ],
    ['Constant', 'SequenceConstruct', 'ConcatFromSequence', 'SplitToSequence', 'SequenceAt'],
  ].flat(),
);

/** float32, float16, float64, bfloat16. */
const isFloat = (to: Attribute | undefined): boolean => [1, 10, 11, 16].includes(Number(to?.value));
