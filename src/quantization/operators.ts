import { type Refusal, refuse } from '../graph/edit/refused.ts';
import type { Node, Value } from '../graph/graph.ts';
import {
  attributesOf,
  inputsOf,
  isOneOf,
  isOperator,
  knownOperator,
  type OperatorName,
} from '../graph/operators/index.ts';

/**
 * How onnxruntime executes an operator of a QDQ graph on 8-bit integers, according to observed fusions:
 * - `weights`: a product with constant weights and int32 sums, whose output is rounded to 8 bits unless `floatOutput`;
 * - `weights-only`: computed in floating point, with weights stored in 8 bits;
 * - `computes`: every input and output has its own scale;
 * - `joins`: likewise, but inputs without other readers have the scale of the output, and are rounded only once;
 * - `passes`: elements are moved or selected, so that input and outputs have the same scale.
 */
export type Int8Kind = 'weights' | 'weights-only' | 'computes' | 'joins' | 'passes';

export interface Int8Operator {
  readonly kind: Int8Kind;
  /** The axis of the weight that is the output channel; each channel has its own scale. */
  axis?(node: Node): number;
  /** Whether its third input is a bias with one number per channel of axis 1 of its output. */
  readonly takesBias?: boolean;
  /** Whether onnxruntime has a kernel with 8-bit inputs and floating-point output. */
  readonly floatOutput?: boolean;
  /**
   * For operators that move codes and pad: the index of the input with the padding value. onnxruntime does not quantise such
   * a Pad by itself.
   */
  readonly fillInput?: number;
  /** Why this node has no 8-bit kernel although its operator has one; null if it has. */
  refuse?(node: Node): Refusal | null;
}

const computes: Int8Operator = { kind: 'computes' };
const passes: Int8Operator = { kind: 'passes' };

/** The operators that run on 8-bit integers; all others stay in floating point. */
const int8Operators: { readonly [Op in OperatorName]?: Int8Operator } = {
  Conv: { kind: 'weights', axis: () => 0, takesBias: true },
  ConvTranspose: { kind: 'weights-only', axis: () => 1 },
  Gemm: { kind: 'weights', axis: outputAxis, takesBias: true, floatOutput: true, refuse: refuseScaledGemm },
  // Not with floating-point output: onnxruntime fuses a floating-point MatMul with the following Add before it looks for
  // 8-bit nodes.
  MatMul: { kind: 'weights', axis: () => 1, refuse: refuseStackedMatMul },
  Add: computes,
  Mul: computes,
  AveragePool: computes,
  GlobalAveragePool: computes,
  LeakyRelu: computes,
  Sigmoid: computes,
  Concat: { kind: 'joins' },
  MaxPool: passes,
  Reshape: passes,
  Flatten: passes,
  Transpose: passes,
  Squeeze: passes,
  Unsqueeze: passes,
  Slice: passes,
  Gather: passes,
  Split: passes,
  Pad: { kind: 'passes', fillInput: 2, refuse: refuseComputedFill },
  Resize: { kind: 'passes', refuse: refuseInterpolation },
};

/** The row of a node's operator; null if onnxruntime has no 8-bit kernel for it. */
export function int8Operator(node: Node): Int8Operator | null {
  const op = knownOperator(node);
  return (op && int8Operators[op]) ?? null;
}

function outputAxis(node: Node): number {
  return attributesOf(node, 'Gemm').transB ? 0 : 1;
}

function refuseScaledGemm(node: Node): Refusal | null {
  const { alpha, beta, transA } = attributesOf(node, 'Gemm');
  if (transA) return refuse('unsupported', 'its input is transposed');
  return alpha === 1 && beta === 1 ? null : refuse('unsupported', 'its product is scaled by alpha or beta');
}

function refuseStackedMatMul({ inputs: [, weight] }: Node): Refusal | null {
  const rank = weight?.shape?.length;
  return rank === 2 ? null : refuse('unsupported', `its weight is of rank ${rank ?? '?'}`);
}

function refuseComputedFill({ inputs: [, , fill] }: Node): Refusal | null {
  return !fill || fill.tensor ? null : refuse('not-constant', 'its padding value is not constant');
}

function refuseInterpolation(node: Node): Refusal | null {
  const { mode } = attributesOf(node, 'Resize');
  return mode === 'nearest' ? null : refuse('unsupported', `it interpolates (${mode})`);
}

/** Whether a node itself computes on integers. */
export const isIntegerArithmetic = isOneOf('QLinearConv', 'QLinearMatMul', 'MatMulInteger', 'ConvInteger');
const isConversion = isOneOf('QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear');

/** Whether a node indicates that the network is already quantised. */
export const isQuantized = (node: Node): boolean => isIntegerArithmetic(node) || isConversion(node);

/** The bounds of a clamp; null for other nodes, and unless the bounds are constant and include 0. */
export function clampOf(node: Node): { readonly low: number; readonly high: number } | null {
  if (isOperator(node, 'Relu')) return { low: 0, high: Number.POSITIVE_INFINITY };
  if (!isOperator(node, 'Clip')) return null;
  const attributes = attributesOf(node, 'Clip');
  const { min, max } = inputsOf(node, 'Clip');
  const low = bound(min) ?? attributes.min ?? Number.NEGATIVE_INFINITY;
  const high = bound(max) ?? attributes.max ?? Number.POSITIVE_INFINITY;
  return low <= 0 && high >= 0 ? { low, high } : null; // NaN: not constant
}

function bound(value: Value | null): number | undefined {
  if (!value) return undefined;
  return value.tensor ? Number(value.tensor.data[0]) : Number.NaN;
}
