import { type Node, onlyOutput, requiredInput, staticShape } from '../graph/graph.ts';
import { attributesOf, type StandardOperatorName } from '../graph/operators/index.ts';
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

type MacRule = (node: Node) => LayerSize;

/** Operators that multiply and accumulate. All others count as 0, as in published figures. */
export const macRules: { readonly [Op in StandardOperatorName]?: MacRule } = {
  Conv: (node) => convolution(node, 1),
  ConvInteger: (node) => convolution(node, 1),
  QLinearConv: (node) => convolution(node, 3),
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: (node) => matrixProduct(node, 1),
  MatMulInteger: (node) => matrixProduct(node, 1),
  QLinearMatMul: (node) => matrixProduct(node, 3),
  Einsum: einsum,
};

/** y [N, M, …size] = x [N, C, …] ⋆ w [M, C/group, …kernel]: C/group·|kernel| products per element of y. */
function convolution(node: Node, weightIndex: number): LayerSize {
  const [filters = 0, perGroup = 0, ...kernel] = inputShape(node, weightIndex);
  const macs = elementCount(outputShape(node)) * perGroup * elementCount(kernel);
  return { macs, kernel, inChannels: inputShape(node, 0)[1]!, outChannels: filters };
}

/** x [N, C, …size], w [C, M/group, …kernel]: M/group·|kernel| products per element of x. */
function transposedConvolution(node: Node): LayerSize {
  const x = inputShape(node, 0);
  const [, perGroup = 0, ...kernel] = inputShape(node, 1);
  const macs = elementCount(x) * perGroup * elementCount(kernel);
  return { macs, kernel, inChannels: x[1]!, outChannels: outputShape(node)[1]! };
}

/** [M, K]·[K, N]. */
function gemm(node: Node): LayerSize {
  const { transA } = attributesOf(node, 'Gemm');
  const inner = inputShape(node, 0)[transA ? 0 : 1]!;
  const output = outputShape(node);
  return { macs: elementCount(output) * inner, kernel: [], inChannels: inner, outChannels: output[1]! };
}

/** […, M, K]·[…, K, N] with broadcast leading dimensions. */
function matrixProduct(node: Node, rightIndex: number): LayerSize {
  const inner = inputShape(node, 0).at(-1) ?? 1;
  const outChannels = inputShape(node, rightIndex).length > 1 ? inputShape(node, rightIndex).at(-1)! : 1;
  return { macs: elementCount(outputShape(node)) * inner, kernel: [], inChannels: inner, outChannels };
}

/**
 * Sums over the labels that are missing in the output: the product of all label sizes, times the number of operands minus 1.
 */
function einsum(node: Node): LayerSize {
  const { equation } = attributesOf(node, 'Einsum');
  const output = outputShape(node);
  node.inputs.forEach((_, index) => {
    inputShape(node, index);
  });
  const { labels, batch } = einsumSizes(node, equation)!;
  const products = elementCount([...labels.values(), ...batch] as number[]);
  const channels = { inChannels: inputShape(node, 0).at(-1) ?? 1, outChannels: output.at(-1) ?? 1 };
  return { macs: products * (node.inputs.length - 1), kernel: [], ...channels };
}

const inputShape = (node: Node, index: number): number[] => staticShape(requiredInput(node, index));
const outputShape = (node: Node): number[] => staticShape(onlyOutput(node));
