import type { Attribute, Node } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';

/** Whether a node hands on, saturates or orders what layers give, without weights of its own. */
export const isKnown = ({ op, domain }: Node): boolean =>
  domain === '' && (passing.has(op) || saturating.has(op) || ordering.has(op));

/** Whether inputs that differ by rounding may give quite other outputs. */
export const isOrdering = (node: Node): boolean =>
  ordering.has(node.op) || (isOperator(node, 'Cast') && !isFloat(node.attributes.to));

/** Whether different inputs may give the same output, up to rounding. */
export const isSaturating = ({ op }: Node): boolean => saturating.has(op);

/** Whether a node reads no elements: those of its input, some of whose channels may be gone, are not compared. */
export const readsSize = (node: Node): boolean => isOperator(node, 'Shape') || isOperator(node, 'Size');

/** Operators that make different inputs equal, up to rounding. */
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

/** Operators that choose, order or round: inputs that differ by rounding may give quite other outputs. */
const ordering: ReadonlySet<string> = new Set(
  [
    ['TopK', 'NonMaxSuppression', 'ArgMax', 'ArgMin', 'Hardmax', 'NonZero', 'Compress', 'Unique', 'OneHot'],
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Round', 'Floor', 'Ceil', 'Sign', 'Mod'],
    ['If', 'Loop', 'Scan'],
  ].flat(),
);

/** Operators that hand values on, or compute with them element by element, without weights of their own. */
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
