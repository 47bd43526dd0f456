import type { DataType } from '../numeric/tensor.ts';
import { cloneGraph } from './clone.ts';
import { type Graph, type Node, nodeLabel } from './graph.ts';
import { knownOperator, type OperatorName } from './operators/index.ts';
import { inferShapes } from './shapes/index.ts';
import { subgraphs } from './topology.ts';

/** Inputs whose element type is not that of the node's other floating-point operands. */
interface OperandTypes {
  /** By position: of a type of their own. */
  readonly free?: readonly number[] | 'all';
  /** By position: float32 whatever the others are. */
  readonly float32?: readonly number[];
}

/** Where ONNX lets floating-point operands differ; everywhere else they are all of one type. */
const operandTypes: { readonly [Op in OperatorName]?: OperandTypes } = {
  BatchNormalization: { free: [1, 2, 3, 4] },
  Cast: { free: [0] },
  CastLike: { free: [0] },
  DequantizeLinear: { free: [1] },
  Dropout: { free: [1] },
  DynamicQuantizeLinear: { float32: [0] },
  GridSample: { free: [1] },
  If: { free: 'all' },
  Mod: { free: [1] },
  NonMaxSuppression: { float32: [0, 1, 3, 4] },
  OneHot: { free: [0, 1] },
  Pow: { free: [1] },
  QLinearConv: { free: [1, 4, 6] },
  QLinearMatMul: { free: [1, 4, 6] },
  QuantizeLinear: { free: [1] },
  Resize: { free: [1], float32: [2] },
  Upsample: { float32: [1] },
};

/** What an operand's floating-point type hangs on: the node's own type, nothing, or float32; null where no rule is known. */
export function operandKind(node: Node, index: number): 'node' | 'free' | 'float32' | null {
  const op = knownOperator(node);
  if (!op) return null;
  const { free = [], float32 = [] } = operandTypes[op] ?? {};
  if (float32.includes(index)) return 'float32';
  return free === 'all' || free.includes(index) ? 'free' : 'node';
}

const floating: ReadonlySet<DataType | null> = new Set([
  'float32',
  'float16',
  'bfloat16',
  'float64',
] as const);

/** Whether a type is one of those that networks compute in. */
export const isFloating = (dtype: DataType | null): boolean => floating.has(dtype);

/** The first node whose floating-point operands do not agree, in words; null where all do. */
export function mixedOperands(graph: Graph): string | null {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  return mixedIn(copy);
}

function mixedIn(graph: Graph): string | null {
  for (const node of graph.nodes) {
    const found =
      mixedNode(node) ??
      subgraphs(node)
        .map(mixedIn)
        .find((fault) => fault !== null);
    if (found) return found;
  }
  return null;
}

function mixedNode(node: Node): string | null {
  let expected: string | null = null;
  for (const [index, value] of node.inputs.entries()) {
    if (!value || !isFloating(value.dtype)) continue;
    const kind = operandKind(node, index);
    if (kind === 'float32' && value.dtype !== 'float32') {
      return `${nodeLabel(node)}: expected float32 as ${value.name}, found ${value.dtype}`;
    }
    if (kind !== 'node') continue;
    expected ??= value.dtype;
    if (value.dtype !== expected) {
      return `${nodeLabel(node)}: expected ${expected} as ${value.name}, found ${value.dtype}`;
    }
  }
  return null;
}
