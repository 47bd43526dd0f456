import { type Node, nodeLabel } from '../../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../../graph/operators/index.ts';
import { isPointwise } from '../pointwise.ts';
import { convolutionRow } from './convolution/index.ts';
import type { KernelRow } from './kernel.ts';
import { gemmRow, matMulRow } from './matrix.ts';
import { padRow } from './pad.ts';
import { concatRow, identityRow, reshapeRow, sliceRow, splitRow, transposeRow } from './placement.ts';
import { pointwiseRow } from './pointwise.ts';
import { averagePoolRow, globalAveragePoolRow, maxPoolRow } from './pooling.ts';
import { softmaxRow } from './softmax.ts';

const rows: { readonly [Op in OperatorName]?: KernelRow } = {
  Conv: convolutionRow,
  Gemm: gemmRow,
  MatMul: matMulRow,
  MaxPool: maxPoolRow,
  AveragePool: averagePoolRow,
  GlobalAveragePool: globalAveragePoolRow,
  Softmax: softmaxRow,
  Identity: identityRow,
  Dropout: identityRow,
  Reshape: reshapeRow,
  Flatten: reshapeRow,
  Squeeze: reshapeRow,
  Unsqueeze: reshapeRow,
  Concat: concatRow,
  Split: splitRow,
  Slice: sliceRow,
  Transpose: transposeRow,
  Pad: padRow,
};

/** The row of a node's operator; null for operators without a kernel. */
export function kernelOf(node: Node): KernelRow | null {
  const op = knownOperator(node);
  return (op && rows[op]) ?? (isPointwise(node) ? pointwiseRow : null);
}

/** Why a node cannot be compiled: `attention (Einsum): it has no kernel`; null where it can. */
export function refusalOf(node: Node): string | null {
  const row = kernelOf(node);
  const reason = row ? (row.refuse?.(node) ?? typeRefusal(node)) : 'it has no kernel';
  return reason && `${nodeLabel(node)}: ${reason}`;
}

const typeRefusal = ({ outputs }: Node): string | null => {
  const other = outputs.find((output) => output && output.dtype !== 'float32');
  return other ? `its result is ${other.dtype ?? 'of unknown type'}, expected float32` : null;
};
