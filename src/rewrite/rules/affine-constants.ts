import type { Node, Shape, Value } from '../../graph/graph.ts';
import type { Affine, FoldContext } from './fold-context.ts';

/** a and s of a·x + s for one number c beside x, by the operator; `first`: the constant stands before x. */
type Coefficients = (c: number, first: boolean) => readonly [a: number, s: number] | null;

const coefficients: Readonly<Record<string, Coefficients>> = {
  Mul: (c) => [c, 0],
  Add: (c) => [1, c],
  Sub: (c, first) => (first ? [-1, c] : [1, -c]),
  Div: (c, first) => (first || c === 0 ? null : [1 / c, 0]),
};

/** Whether a node may be an affine map of one of its inputs. */
export const isAffineOperator = ({ op, domain, inputs }: Node): boolean =>
  domain === '' && Object.hasOwn(coefficients, op) && inputs.some((value) => value?.tensor);

/** Layers that take a factor and a shift for each channel. A MatMul has its bias as an Add already. */
const layers: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/** Mul, Add, Sub or Div of a layer's output by a constant of one number, or of one a channel; null where a node is none. */
export function affineConstant(node: Node, { weights, producer }: FoldContext): Affine | null {
  const row = node.domain === '' && Object.hasOwn(coefficients, node.op) ? coefficients[node.op]! : null;
  const at = row ? node.inputs.findIndex((value) => weights(value)) : -1;
  const x = at >= 0 ? node.inputs[1 - at] : null;
  const layer = x && producer.get(x);
  if (!row || !x?.shape || !layer || layer.domain !== '' || !layers.has(layer.op)) return null;
  const numbers = perChannel(node.inputs[at]!, x.shape);
  const pairs = numbers?.map((c) => row(c, at === 0)) ?? [null];
  if (!pairs.every((pair) => pair !== null)) return null;
  const a = Float64Array.from(pairs, ([factor]) => factor);
  const s = Float64Array.from(pairs, ([, shift]) => shift);
  return [...a, ...s].every(Number.isFinite) ? { a, s, x } : null;
}

/** A constant beside a map [N, C, …] as C numbers; null where it changes along other axes, or the shape of the map. */
function perChannel({ tensor }: Value, shape: Shape): number[] | null {
  const missing = shape.length - tensor!.shape.length;
  const channels = shape[1];
  if (missing < 0 || typeof channels !== 'number') return null;
  const isFit = tensor!.shape.every((size, i) => size === 1 || (i + missing === 1 && size === channels));
  if (!isFit) return null;
  const data = Array.from(tensor!.data as Float32Array);
  return data.length === 1 ? new Array<number>(channels).fill(data[0]!) : data;
}
