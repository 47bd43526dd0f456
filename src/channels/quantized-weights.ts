import type { Graph, Node } from '../graph/graph.ts';
import { attributesOf, isOperator } from '../graph/operators/index.ts';
import { elementCount, floats, stridesOf, type Tensor } from '../numeric/tensor.ts';
import type { ReplaceInput } from './coupling/constants.ts';
import { selectPlaces } from './select-slices.ts';

/**
 * Sets, in place, the contents of each DequantizeLinear of stored integers, so that layers have weights to score and slice.
 * The network still computes with the integers, which {@link cutCodes} slices.
 */
export function showDecoded(graph: Graph): void {
  for (const node of graph.nodes) {
    const tensor = isDecoder(node) ? decoded(node) : null;
    if (tensor) Object.assign(node.outputs[0]!, { tensor, shape: tensor.shape });
  }
}

/** Removes these contents again, in place, so that they are not written. */
export function hideDecoded(graph: Graph): void {
  for (const node of graph.nodes) if (isDecoder(node) && node.outputs[0]) node.outputs[0].tensor = null;
}

/** Slices the integers of a DequantizeLinear, and per-channel scales and zero points. */
export function cutCodes(
  node: Node,
  places: ReadonlyMap<number, readonly number[]>,
  replaceInput: ReplaceInput,
): void {
  const codes = node.inputs[0]!.tensor!;
  const kept = places.get(axisOf(node));
  replaceInput(node, 0, selectPlaces(codes, places));
  for (const index of [1, 2]) {
    const parameter = node.inputs[index]?.tensor;
    if (kept && parameter && parameter.data.length > 1)
      replaceInput(node, index, selectPlaces(parameter, new Map([[0, kept]])));
  }
}

const isDecoder = (node: Node): boolean => isOperator(node, 'DequantizeLinear');

const axisOf = (node: Node): number => {
  const { axis } = attributesOf(node, 'DequantizeLinear');
  return axis < 0 ? axis + (node.inputs[0]?.tensor?.shape.length ?? 0) : axis;
};

const byteOrMore: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32']);

/** (code − zero point)·scale of stored codes, per tensor or per channel; null for other nodes. */
function decoded(node: Node): Tensor | null {
  const [codes, scale, zero] = node.inputs.map((value) => value?.tensor ?? null);
  const isTyped = !node.inputs[2] || zero?.dtype === codes?.dtype;
  if (!codes || !byteOrMore.has(codes.dtype) || scale?.dtype !== 'float32' || !isTyped) return null;
  if (attributesOf(node, 'DequantizeLinear').block_size) return null;
  const axis = axisOf(node);
  const [from, scales] = [codes.data as Int8Array, scale.data as Float32Array];
  const zeros = (zero?.data as Int8Array | undefined) ?? new Int8Array(scales.length);
  if (zeros.length !== scales.length) return null;
  const isPerChannel = scales.length > 1;
  if (isPerChannel && codes.shape[axis] !== scales.length) return null;
  const inner = isPerChannel ? stridesOf(codes.shape)[axis]! : 1;
  const data = new Float32Array(elementCount(codes.shape));
  for (let i = 0; i < data.length; i++) {
    const channel = isPerChannel ? Math.floor(i / inner) % scales.length : 0;
    data[i] = Math.fround(from[i]! - zeros[channel]!) * scales[channel]!;
  }
  return floats(codes.shape, data);
}
