import { zip } from '../../numeric/zip.ts';
import type { Dim, Node, Shape, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { equalDims, misfit, product, shapeOfLeastRank, shapeOfRank, sizeOf, unknownDims } from './dims.ts';
import type { ShapeRules } from './rule.ts';
import { type AxisWindow, places, type WindowShapeAttributes, windows } from './window.ts';

type ConvolutionAttributes = WindowShapeAttributes & { readonly group: number };

interface Operands {
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value | null;
}

/** x: [N, C, …size], weight: [M, C/group, …kernel], bias: [M] → [N, M, …places]. */
function convolved(node: Node, attributes: ConvolutionAttributes, inputs: Operands): Shape | null {
  const input = shapeOfLeastRank(node, inputs.x, 3);
  const weight = shapeOfLeastRank(node, inputs.weight, 3);
  if (!input) return weight && [null, weight[0], ...unknownDims(weight.length - 2)];
  const [batch, channels, ...size] = input;
  const kernel = kernelOf(node, attributes, weight?.slice(2) ?? unknownDims(size.length));
  if (kernel.length !== size.length) {
    throw misfit(node, `expected a kernel of ${size.length} dimensions, got ${kernel.length}`);
  }
  const filters = weight?.[0] ?? null;
  const { group } = attributes;
  checkFilters(node, filters);
  checkGroups(node, group, filters);
  if (weight) equalDims(node, 'input channels', product(node, [weight[1], group]), channels);
  checkBias(node, inputs.bias, filters);
  const axes = zip(size, windows(node, attributes, kernel));
  return [batch, filters, ...axes.map(([dim, window]) => places(node, dim, window))];
}

/** Rejects convolutions without filters, on which onnxruntime crashes the process. */
function checkFilters(node: Node, filters: Dim): void {
  if (filters === 0) throw misfit(node, 'expected at least one filter, got 0');
}

function checkGroups(node: Node, group: number, channels: Dim): void {
  if (group < 1) throw misfit(node, `expected at least 1 group, got ${group}`);
  if (typeof channels === 'number' && channels % group !== 0) {
    throw misfit(node, `expected channels in ${group} equal groups, got ${channels}`);
  }
}

function checkBias(node: Node, bias: Value | null | undefined, filters: Dim): void {
  const shape = bias && shapeOfRank(node, bias, 1);
  if (shape) equalDims(node, 'biases', filters, shape[0]);
}

/** The kernel according to weight and attribute, which must be equal. */
function kernelOf(node: Node, { kernel_shape: stated }: WindowShapeAttributes, kernel: Shape): Shape {
  if (!stated || stated.length === 0) return kernel;
  if (stated.length !== kernel.length) {
    throw misfit(node, `expected a kernel of ${kernel.length} dimensions, got ${stated.length}`);
  }
  return zip(stated, kernel).map(([size, dim], i) =>
    equalDims(node, `as size ${i} of the kernel`, size, dim),
  );
}

interface TransposedAttributes extends ConvolutionAttributes {
  readonly output_padding?: readonly number[] | undefined;
  readonly output_shape?: readonly number[] | undefined;
}

/**
 * x: [N, C, …size], weight: [C, M/group, …kernel], bias: [M] → [N, M, …stride·(size − 1) + extent + output padding − pads].
 */
function transposed(node: Node, attributes: TransposedAttributes, inputs: Operands): Shape | null {
  const input = shapeOfLeastRank(node, inputs.x, 3);
  const weight = shapeOfLeastRank(node, inputs.weight, 3);
  if (!input) return null;
  const [batch, channels, ...size] = input;
  const kernel = kernelOf(node, attributes, weight?.slice(2) ?? unknownDims(size.length));
  if (kernel.length !== size.length) {
    throw misfit(node, `expected a kernel of ${size.length} dimensions, got ${kernel.length}`);
  }
  checkGroups(node, attributes.group, channels);
  if (weight) equalDims(node, 'input channels', weight[0], channels);
  const filters = product(node, [weight?.[1] ?? null, attributes.group]);
  checkFilters(node, filters);
  checkBias(node, inputs.bias, filters);
  const stated = attributes.output_shape?.slice(-kernel.length);
  const sizes = zip(size, windows(node, attributes, kernel)).map(([dim, window], i) => {
    if (stated?.length) return sizeOf(node, stated[i] ?? -1);
    return stretchedSize(node, dim, { ...window, outputPadding: attributes.output_padding?.[i] ?? 0 });
  });
  return [batch, filters, ...sizes];
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
  Conv: ({ node, inputs, attributes }) => [
    { dtype: inputs.x.dtype, shape: convolved(node, attributes, inputs) },
  ],
  ConvInteger: ({ node, inputs, attributes }) => [
    { dtype: 'int32', shape: convolved(node, attributes, inputs) },
  ],
  QLinearConv: ({ node, inputs, attributes }) => [
    { dtype: inputs.yZeroPoint.dtype, shape: convolved(node, attributes, inputs) },
  ],
  ConvTranspose: ({ node, inputs, attributes }) => [
    { dtype: inputs.x.dtype, shape: transposed(node, attributes, inputs) },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
