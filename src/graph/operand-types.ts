import type { DataType } from '../numeric/tensor.ts';
import { cloneGraph } from './clone.ts';
import { type Graph, type Node, nodeLabel } from './graph.ts';
import { knownOperator, type OperatorName } from './operators/index.ts';
import { inferShapes } from './shapes/index.ts';
import { subgraphs } from './topology.ts';

/** Inputs whose type may differ from that of the node's other floating-point inputs. */
interface OperandTypes {
  /** Indices of inputs that may have any type. */
  readonly free?: readonly number[] | 'all';
  /** Indices of inputs that are always float32. */
  readonly float32?: readonly number[];
}

/** Operators with floating-point inputs of different types; the inputs of all others have one type. */
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

/** How the floating-point type of an input is determined: the node's type, any type, or float32; null if no rule is known. */
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

/** Whether networks compute in this type. */
export const isFloating = (dtype: DataType | null): boolean => floating.has(dtype);

/** Describes the first node whose floating-point inputs have different types; null if there is none. */
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
