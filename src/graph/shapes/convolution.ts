import type { DataType } from '../../numeric/tensor.ts';
import { type Dim, type Node, requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { equalDims, misfit, product, shapeOf, sizeOf, unknownDims } from './dims.ts';
import type { Call, ShapeRules } from './rule.ts';
import { type AxisWindow, places, type WindowAttributes, windows } from './window.ts';

const AT_LEAST_3: readonly [number, number] = [3, Number.POSITIVE_INFINITY];

type ConvolutionAttributes = WindowAttributes & { readonly group: number };

/** Positions of data, weight and bias among the inputs. */
interface Operands {
  readonly x: number;
  readonly w: number;
  readonly b: number;
}

/** x: [N, C, …size], w: [M, C/group, …kernel], b: [M] → [N, M, …places]. */
function convolved(call: Call, attributes: ConvolutionAttributes, { x, w, b }: Operands): Shape | null {
  const { node } = call;
  const input = shapeOf(call, x, AT_LEAST_3);
  const weight = shapeOf(call, w, AT_LEAST_3);
  if (!input) return weight && [null, weight[0]!, ...unknownDims(weight.length - 2)];
  const kernel = kernelOf(node, attributes, weight?.slice(2) ?? unknownDims(input.length - 2));
  if (kernel.length !== input.length - 2) {
    throw misfit(node, `expected a kernel of ${input.length - 2} dimensions, got ${kernel.length}`);
  }
  const filters = weight?.[0] ?? null;
  const { group } = attributes;
  checkFilters(node, filters);
  checkGroups(node, group, filters);
  if (weight) equalDims(node, 'input channels', product(node, [weight[1]!, group]), input[1]!);
  checkBias(call, b, filters);
  const sizes = windows(call, attributes, kernel).map((window, i) => places(node, input[i + 2]!, window));
  return [input[0]!, filters, ...sizes];
}

/** onnxruntime does not fail on a convolution without filters: it takes the process down. */
function checkFilters(node: Node, filters: Dim): void {
  if (filters === 0) throw misfit(node, 'expected at least one filter, got 0');
}

function checkGroups(node: Node, group: number, channels: Dim): void {
  if (group < 1) throw misfit(node, `expected at least 1 group, got ${group}`);
  if (typeof channels === 'number' && channels % group !== 0) {
    throw misfit(node, `expected channels in ${group} equal groups, got ${channels}`);
  }
}

function checkBias(call: Call, index: number, filters: Dim): void {
  if (!call.inputs[index]) return;
  const bias = shapeOf(call, index, [1, 1]);
  if (bias) equalDims(call.node, 'biases', filters, bias[0]!);
}

/** The kernel by weight and attribute, which must agree. */
function kernelOf(node: Node, { kernel_shape: stated }: WindowAttributes, kernel: Shape): Shape {
  if (!stated || stated.length === 0) return kernel;
  if (stated.length !== kernel.length) {
    throw misfit(node, `expected a kernel of ${kernel.length} dimensions, got ${stated.length}`);
  }
  return kernel.map((dim, i) => equalDims(node, `as size ${i} of the kernel`, stated[i]!, dim));
}

interface TransposedAttributes extends ConvolutionAttributes {
  readonly output_padding?: readonly number[] | undefined;
  readonly output_shape?: readonly number[] | undefined;
}

/** x: [N, C, …size], w: [C, M/group, …kernel], b: [M] → [N, M, …stride·(size − 1) + extent + output padding − pads]. */
function transposed(call: Call, attributes: TransposedAttributes): Shape | null {
  const { node } = call;
  const input = shapeOf(call, 0, AT_LEAST_3);
  const weight = shapeOf(call, 1, AT_LEAST_3);
  if (!input) return null;
  const kernel = kernelOf(node, attributes, weight?.slice(2) ?? unknownDims(input.length - 2));
  if (kernel.length !== input.length - 2) {
    throw misfit(node, `expected a kernel of ${input.length - 2} dimensions, got ${kernel.length}`);
  }
  checkGroups(node, attributes.group, input[1]!);
  if (weight) equalDims(node, 'input channels', weight[0]!, input[1]!);
  const filters = product(node, [weight?.[1] ?? null, attributes.group]);
  checkFilters(node, filters);
  checkBias(call, 2, filters);
  const stated = attributes.output_shape?.slice(-kernel.length);
  const axes = windows(call, attributes, kernel);
  const sizes = axes.map((window, i) => {
    if (stated?.length) return sizeOf(node, stated[i] ?? -1);
    return stretchedSize(node, input[i + 2]!, {
      ...window,
      outputPadding: attributes.output_padding?.[i] ?? 0,
    });
  });
  return [input[0]!, filters, ...sizes];
}

function stretchedSize(node: Node, size: Dim, window: AxisWindow & { readonly outputPadding: number }): Dim {
  const { extent, stride, outputPadding } = window;
  if (window.autoPad.startsWith('SAME')) {
    return typeof size === 'number' ? sizeOf(node, size * stride) : stride === 1 ? size : null;
  }
  if (extent === null) return null;
  const added = extent - stride + outputPadding - window.padBegin - window.padEnd;
  if (typeof size !== 'number') return stride === 1 && added === 0 ? size : null;
  return sizeOf(node, size * stride + added);
}

/** Convolutions. */
export const convolutionShapes = {
  Conv: (call) => [
    {
      dtype: requiredInput(call.node, 0).dtype,
      shape: convolved(call, call.attributes, { x: 0, w: 1, b: 2 }),
    },
  ],
  ConvInteger: (call) => [
    // Its further inputs are zero points, no bias.
    { dtype: 'int32' as DataType, shape: convolved(call, call.attributes, { x: 0, w: 1, b: -1 }) },
  ],
  QLinearConv: (call) => [
    {
      dtype: requiredInput(call.node, 7).dtype,
      shape: convolved(call, call.attributes, { x: 0, w: 3, b: 8 }),
    },
  ],
  ConvTranspose: (call) => [
    { dtype: requiredInput(call.node, 0).dtype, shape: transposed(call, call.attributes) },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
