import { type Builder, builderOf } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, type Node, onlyOutput, type Value } from '../../graph/graph.ts';
import {
  attributesOf,
  isOneOf,
  isOperator,
  knownOperator,
  type OperatorName,
} from '../../graph/operators/index.ts';
import { elementType, elementTypes } from '../../graph/shapes/element-types.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { type DataType, floats, toNumbers } from '../../numeric/tensor.ts';

/** The smallest and largest code of a type. */
const ranges: { readonly [D in DataType]?: readonly [number, number] } = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Operators that move or select codes of any type. */
const movesCodes = isOneOf(
  'Concat',
  'DepthToSpace',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'MaxPool',
  'Pad',
  'Reshape',
  'Resize',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
);

/**
 * A copy whose activations are scaled and clamped like by QuantizeLinear, but not rounded: different orders of summation then
 * lead to small differences instead of whole steps. For comparisons of 8-bit networks; null if there is nothing to round.
 */
export function withoutRounding(graph: Graph): Graph | null {
  if (!graph.nodes.some((node) => isOperator(node, 'QuantizeLinear'))) return null;
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const nodes = copy.nodes;
  const g = builderOf(copy);
  copy.nodes = [];
  const place: RoundingFreeGraph = { g, codes: new Map(), numbers: new Map() };
  for (const node of nodes) appended(node, place) || copy.nodes.push(node);
  copy.outputs = copy.outputs.map((value) => place.numbers.get(value) ?? rounded(value, place));
  inferShapes(copy);
  return copy;
}

interface RoundingFreeGraph {
  readonly g: Builder;
  /** Codes as float32, by the value that contains them as integers. */
  readonly codes: Map<Value, { readonly value: Value; readonly dtype: DataType }>;
  readonly numbers: Map<Value, Value>;
}

/** Appends replacements of a node; false if the node itself is kept with converted inputs. */
function appended(node: Node, place: RoundingFreeGraph): boolean {
  const { codes, numbers } = place;
  node.inputs = node.inputs.map((value) => (value && numbers.get(value)) ?? value);
  const op = knownOperator(node);
  if (op && rows[op]?.(node, place)) return true;
  const dtype = node.inputs.map((value) => value && codes.get(value)?.dtype).find((found) => found);
  const moves = movesCodes(node) && dtype ? dtype : null;
  node.inputs = node.inputs.map(
    (value) => value && (moves ? asFloats(value, moves, place) : rounded(value, place)),
  );
  for (const value of node.outputs) {
    if (!moves || value?.dtype !== moves) continue;
    codes.set(value, { value, dtype: moves });
    value.dtype = 'float32';
  }
  return false;
}

/** Replacements of QuantizeLinear and DequantizeLinear; false if one cannot be replaced. */
const rows: { readonly [Op in OperatorName]?: (node: Node, place: RoundingFreeGraph) => boolean } = {
  QuantizeLinear: encode,
  DequantizeLinear: decode,
};

/** clamp(x/s + z). */
function encode(node: Node, { g, codes }: RoundingFreeGraph): boolean {
  const [x, scale, zero] = node.inputs;
  const dtype = zero?.dtype ?? elementType(attributesOf(node, 'QuantizeLinear').output_dtype) ?? 'uint8';
  const range = ranges[dtype];
  const [s, z] = [parameter(node, scale, g), parameter(node, zero, g)];
  if (!x || x.tensor || !range || !s || (zero && !z)) return false;
  if (attributesOf(node, 'QuantizeLinear').block_size) return false;
  const scaled = g.Div(x, s);
  const shifted = z ? g.Add(scaled, z) : scaled;
  codes.set(onlyOutput(node), { value: g.Clip(shifted, g.floats(range[0]), g.floats(range[1])), dtype });
  return true;
}

/** (q − z)·s. */
function decode(node: Node, { g, codes, numbers }: RoundingFreeGraph): boolean {
  const q = node.inputs[0] && codes.get(node.inputs[0])?.value;
  if (!q) return false;
  const [s, z] = [parameter(node, node.inputs[1], g), parameter(node, node.inputs[2], g)];
  if (!s || (node.inputs[2] && !z)) return false;
  numbers.set(onlyOutput(node), g.Mul(z ? g.Sub(q, z) : q, s));
  return true;
}

/**
 * A scale or zero point as float32, shaped along its axis if it is per channel; null if it is not constant, or if the axis is
 * unknown.
 */
function parameter(node: Node, value: Value | null | undefined, g: Builder): Value | null {
  if (!value?.tensor) return null;
  const numbers = toNumbers(value.tensor);
  if (numbers.length === 1) return g.floats(numbers[0]!);
  const { axis } = attributesOf(node, node.op as 'QuantizeLinear');
  const rank = node.inputs[0]?.shape?.length ?? 0;
  const after = rank - 1 - (axis < 0 ? axis + rank : axis);
  if (after < 0) return null;
  return g.constant(floats([numbers.length, ...new Array<number>(after).fill(1)], numbers));
}

/** Codes and constants as float32; shapes and indices unchanged. */
function asFloats(value: Value, dtype: DataType, { g, codes }: RoundingFreeGraph): Value {
  const known = codes.get(value);
  if (known) return known.value;
  if (!value.tensor || value.dtype !== dtype) return value;
  return g.constant(floats(value.tensor.shape, toNumbers(value.tensor)));
}

/** Codes as integers, which other operators need. */
function rounded(value: Value, { g, codes }: RoundingFreeGraph): Value {
  const known = codes.get(value);
  return known ? g.Cast(g.Round(known.value), { to: elementTypes.indexOf(known.dtype) }) : value;
}
