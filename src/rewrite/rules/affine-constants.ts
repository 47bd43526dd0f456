import type { Node, Shape } from '../../graph/graph.ts';
import { isOneOf, knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import type { Float32Tensor } from '../../numeric/tensor.ts';
import type { Affine, RewriteContext } from './rewrite-context.ts';

/** The coefficients a and s of a·x + s, for an operator on x and a number c; `first`: c is the first operand. */
type Coefficients = (c: number, first: boolean) => readonly [a: number, s: number] | null;

const coefficients: { readonly [Op in OperatorName]?: Coefficients } = {
  Mul: (c) => [c, 0],
  Add: (c) => [1, c],
  Sub: (c, first) => (first ? [-1, c] : [1, -c]),
  Div: (c, first) => (first || c === 0 ? null : [1 / c, 0]),
};

/** Operators that can be an affine map of one input. */
export const affineOperators = Object.keys(coefficients) as OperatorName[];

/** Layers into which a factor and a summand per channel can be folded. A MatMul already has its bias as an Add. */
const isLayer = isOneOf('Conv', 'ConvTranspose', 'Gemm');

/**
 * Reads Mul, Add, Sub or Div of a layer's output and a constant with one element, or one per channel; null for other nodes.
 */
export function affineConstant(node: Node, { weights, producer }: RewriteContext): Affine | null {
  const op = knownOperator(node);
  const row = op && coefficients[op];
  const at = node.inputs.findIndex((value) => weights(value));
  const constant = weights(node.inputs[at]);
  const x = node.inputs[1 - at];
  const layer = x && producer.get(x);
  if (!row || !constant || !x?.shape || !layer || !isLayer(layer)) return null;
  const numbers = perChannel(constant, x.shape);
  const pairs = numbers?.map((c) => row(c, at === 0)) ?? [null];
  if (!pairs.every((pair) => pair !== null)) return null;
  const a = Float64Array.from(pairs, ([factor]) => factor);
  const s = Float64Array.from(pairs, ([, shift]) => shift);
  return [...a, ...s].every(Number.isFinite) ? { a, s, x } : null;
}

/** A constant operand of a feature map [N, C, …] as C numbers; null if it varies along other axes, or changes the shape. */
function perChannel(tensor: Float32Tensor, shape: Shape): number[] | null {
  const missing = shape.length - tensor.shape.length;
  const channels = shape[1];
  if (missing < 0 || typeof channels !== 'number') return null;
  const isFit = tensor.shape.every((size, i) => size === 1 || (i + missing === 1 && size === channels));
  if (!isFit) return null;
  const [first = 0, ...others] = tensor.data;
  return others.length === 0 ? new Array<number>(channels).fill(first) : [first, ...others];
}
