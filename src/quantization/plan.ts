import { type Refusal, type Refused, refuse, refusedAt } from '../graph/edit/refused.ts';
import { type Graph, type Node, nodeTitle, onlyOutput, type Value } from '../graph/graph.ts';
import { type Connections, connections } from '../graph/topology.ts';
import { clampOf, type Int8Operator, int8Operator } from './operators.ts';

/** The parts of a network that run on 8-bit integers. */
export interface Int8Plan {
  readonly rows: ReadonlyMap<Node, Int8Operator>;
  /** Relu and Clip that rounding to 8 bits already performs, by the node before each. */
  readonly clamps: ReadonlyMap<Node, Node>;
  /** Values that are rounded to 8 bits; those with contents are constants. */
  readonly rounded: ReadonlySet<Value>;
  /** The nodes that stay in floating point, with the reason. */
  readonly leftAlone: readonly Refused[];
}

/** Decides for each node, in topological order. Layers whose names `inFloat` accepts stay in floating point. */
export function planInt8(graph: Graph, inFloat: (name: string) => boolean): Int8Plan {
  const planner = { ...connections(graph), inFloat, rows: new Map<Node, Int8Operator>() };
  const clamps = new Map<Node, Node>();
  const leftAlone: Refused[] = [];
  for (const node of graph.nodes) {
    const before = absorbedBy(node, planner);
    if (before) {
      clamps.set(before, node);
      continue;
    }
    const row = int8Operator(node);
    const refusal = row ? refusalOf(node, row, { ...planner, clamps }) : noKernel;
    if (row && !refusal) planner.rows.set(node, row);
    else if (refusal && mayBeFloat(node)) leftAlone.push(refusedAt(node, refusal));
  }
  const rounded = roundedValues(planner, clamps);
  for (const [before, clamp] of clamps) {
    if (rounded.has(onlyOutput(clamp))) continue;
    clamps.delete(before);
    leftAlone.push(refusedAt(clamp, floatAround));
  }
  return { rows: planner.rows, clamps, rounded, leftAlone };
}

const noKernel = refuse('unsupported', 'onnxruntime has no 8-bit kernel for it');
const floatAround = refuse('mismatch', 'its input and output are float, without integer layers around it');

/** Excludes nodes that compute shapes and indices. */
const mayBeFloat = ({ outputs }: Node): boolean => (outputs[0]?.dtype ?? 'float32') === 'float32';

interface Planner extends Connections {
  readonly rows: Map<Node, Int8Operator>;
  inFloat(name: string): boolean;
}

/** The 8-bit node that is the only producer for a clamp: values beyond the clamp's bounds are rounded to them. */
function absorbedBy(node: Node, { producer, uses, rows }: Planner): Node | null {
  const [x] = node.inputs;
  if (!x || !clampOf(node) || uses.get(x)?.length !== 1) return null;
  const before = producer.get(x);
  const row = before && rows.get(before);
  // A node that passes codes through has the scale of its input, which is not limited by this clamp.
  return row && row.kind !== 'passes' && row.kind !== 'weights-only' ? before : null;
}

type Deciding = Planner & { readonly clamps: ReadonlyMap<Node, Node> };

function refusalOf(node: Node, row: Int8Operator, deciding: Deciding): Refusal | null {
  if (deciding.inFloat(nodeTitle(node))) return refuse('excluded', 'it was excluded from quantisation');
  if (node.outputs.some((value) => value && value.dtype !== 'float32'))
    return refuse('unsupported', 'its output is not float32');
  const own = row.refuse?.(node);
  if (own) return own;
  const axis = row.axis?.(node);
  return axis === undefined ? refuseOther(node, row, deciding) : refuseLayer(node, row, axis);
}

function refuseLayer(node: Node, { kind }: Int8Operator, axis: number): Refusal | null {
  const [x, weight, bias] = node.inputs;
  if (x?.tensor || x?.dtype !== 'float32')
    return refuse('unsupported', 'its input is not a float32 activation');
  if (weight?.tensor?.dtype !== 'float32')
    return refuse('not-constant', 'its weight is not a float32 constant');
  if (kind === 'weights-only') return null;
  if (bias && bias.tensor?.dtype !== 'float32')
    return refuse('not-constant', 'its bias is not a float32 constant');
  return !bias?.tensor || bias.tensor.data.length === weight.tensor.shape[axis]
    ? null
    : refuse('unsupported', 'its bias is not one number per channel');
}

/** A node without weights runs in 8 bits if its input comes from an 8-bit node. */
function refuseOther(node: Node, row: Int8Operator, deciding: Deciding): Refusal | null {
  if (!activationsOf(node, row).some((value) => isMadeInInt8(value, deciding))) {
    return refuse('mismatch', 'its input comes from a float layer');
  }
  const { uses } = deciding;
  const outputs = node.outputs.filter((value) => value !== null);
  if (row.kind !== 'passes' && outputs.some((value) => uses.get(value)?.some((use) => use.node === null))) {
    return refuse('mismatch', 'its output is an output of the network');
  }
  return null;
}

/** Whether a value is computed by an 8-bit node, or by a clamp that such a node replaces. */
export function isMadeInInt8(
  value: Value,
  { producer, rows, clamps }: Pick<Connections, 'producer'> & Pick<Int8Plan, 'rows' | 'clamps'>,
): boolean {
  const node = producer.get(value);
  if (!node) return false;
  const kind = rows.get(node)?.kind;
  if (kind) return kind !== 'weights-only';
  const before = node.inputs[0] && producer.get(node.inputs[0]);
  return !!before && clamps.get(before) === node;
}

/** The float32 inputs of a node that are rounded to 8 bits, without weights and parameters. */
export function activationsOf(node: Node, { kind }: Int8Operator): Value[] {
  if (kind === 'weights-only') return [];
  const inputs = kind === 'computes' || kind === 'joins' ? node.inputs : node.inputs.slice(0, 1);
  return inputs.filter((value) => value !== null);
}

/** The outputs of an 8-bit node, or of the clamp that it replaces. */
export const resultsOf = (node: Node, clamps: ReadonlyMap<Node, Node>): Value[] =>
  (clamps.get(node) ?? node).outputs.filter((value) => value !== null);

function roundedValues({ rows, uses }: Planner, clamps: ReadonlyMap<Node, Node>): Set<Value> {
  const rounded = new Set<Value>();
  for (const [node, row] of rows) {
    for (const value of activationsOf(node, row)) rounded.add(value);
    if (row.kind === 'weights-only') continue;
    for (const value of resultsOf(node, clamps)) {
      const isReadInInt8 = uses.get(value)?.some((use) => {
        const reads = use.node && rows.get(use.node);
        return reads && activationsOf(use.node, reads).includes(value);
      });
      if (!row.floatOutput || isReadInInt8) rounded.add(value);
    }
  }
  return rounded;
}
