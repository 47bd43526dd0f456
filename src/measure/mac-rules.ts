import { type Node, staticShape } from '../graph/graph.ts';
import { callOf, type OperatorCall } from '../graph/operators/call.ts';
import { knownOperator, type OperatorName, type StandardOperatorName } from '../graph/operators/index.ts';
import { einsumSizes } from '../graph/shapes/einsum.ts';
import { elementCount } from '../numeric/tensor.ts';

/** The multiply-accumulates of a node for the whole batch, and the size of its layer. */
export interface LayerSize {
  readonly macs: number;
  /** [kH, kW]; empty for operators without a kernel. */
  readonly kernel: readonly number[];
  readonly inChannels: number;
  readonly outChannels: number;
}

type MacRule<Op extends OperatorName> = (call: OperatorCall<Op>) => LayerSize;

/** Operators that multiply and accumulate. All others count as 0, as in published figures. */
const macRules: { readonly [Op in StandardOperatorName]?: MacRule<Op> } = {
  Conv: convolution,
  ConvInteger: convolution,
  QLinearConv: convolution,
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: matrixProduct,
  MatMulInteger: matrixProduct,
  QLinearMatMul: matrixProduct,
  Einsum: einsum,
};

/** The size of a node's layer; null for operators that count as 0. Throws `shape` if a dimension is open. */
export function layerSize(node: Node): LayerSize | null {
  const op = knownOperator(node);
  const rules: { readonly [Op in OperatorName]?: unknown } = macRules;
  const rule = op && (rules[op] as MacRule<OperatorName> | undefined);
  return rule ? rule(callOf(node, op)) : null;
}

/** y [N, M, …size] = x [N, C, …] ⋆ w [M, C/group, …kernel]: C/group·|kernel| products per element of y. */
function convolution({
  inputs: { x, weight },
  outputs: [y],
}: OperatorCall<'Conv' | 'ConvInteger' | 'QLinearConv'>): LayerSize {
  const [, inChannels] = staticShape(x, 2);
  const [outChannels, perGroup, ...kernel] = staticShape(weight, 2);
  const macs = elementCount(staticShape(y)) * perGroup * elementCount(kernel);
  return { macs, kernel, inChannels, outChannels };
}

/** x [N, C, …size], w [C, M/group, …kernel]: M/group·|kernel| products per element of x. */
function transposedConvolution({
  inputs: { x, weight },
  outputs: [y],
}: OperatorCall<'ConvTranspose'>): LayerSize {
  const sizes = staticShape(x, 2);
  const [, perGroup, ...kernel] = staticShape(weight, 2);
  const macs = elementCount(sizes) * perGroup * elementCount(kernel);
  return { macs, kernel, inChannels: sizes[1], outChannels: staticShape(y, 2)[1] };
}

/** [M, K]·[K, N]. */
function gemm({ inputs: { a }, outputs: [y], attributes: { transA } }: OperatorCall<'Gemm'>): LayerSize {
  const inner = staticShape(a, 2)[transA ? 0 : 1];
  const output = staticShape(y, 2);
  return { macs: elementCount(output) * inner, kernel: [], inChannels: inner, outChannels: output[1] };
}

/** […, M, K]·[…, K, N] with broadcast leading dimensions. */
function matrixProduct({
  inputs: { a, b },
  outputs: [y],
}: OperatorCall<'MatMul' | 'MatMulInteger' | 'QLinearMatMul'>): LayerSize {
  const inner = staticShape(a).at(-1) ?? 1;
  const right = staticShape(b);
  const outChannels = right.length > 1 ? right.at(-1)! : 1;
  return { macs: elementCount(staticShape(y)) * inner, kernel: [], inChannels: inner, outChannels };
}

/**
 * Sums over the labels that are missing in the output: the product of all label sizes, times the number of operands minus 1.
 */
function einsum({
  node,
  inputs: { inputs },
  outputs: [y],
  attributes: { equation },
}: OperatorCall<'Einsum'>): LayerSize {
  const [first] = inputs.map((value) => staticShape(value));
  const { labels, batch } = einsumSizes(node, equation)!;
  const products = elementCount([...labels.values(), ...batch] as number[]);
  const channels = { inChannels: first!.at(-1) ?? 1, outChannels: staticShape(y).at(-1) ?? 1 };
  return { macs: products * (inputs.length - 1), kernel: [], ...channels };
}
