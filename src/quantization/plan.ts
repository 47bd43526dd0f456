import { type Graph, type Node, nodeLabel, nodeTitle, type Value } from '../graph/graph.ts';
import { type Connections, connections } from '../graph/topology.ts';
import { clampOf, type Int8Operator, int8Operator } from './operators.ts';

/** A node that stays in float, and why. */
export interface LeftAlone {
  readonly name: string;
  readonly reason: string;
}

/** What of a network runs on 8-bit integers. */
export interface Int8Plan {
  readonly rows: ReadonlyMap<Node, Int8Operator>;
  /** Relu and Clip that rounding to 8 bits does already: by the node in front of each. */
  readonly clamps: ReadonlyMap<Node, Node>;
  /** Values that are rounded to 8 bits; those with contents are constants. */
  readonly rounded: ReadonlySet<Value>;
  readonly leftAlone: readonly LeftAlone[];
}

/** Decides node by node, in topological order; layers whose names `inFloat` accepts stay in float. */
export function planInt8(graph: Graph, inFloat: (name: string) => boolean): Int8Plan {
  const planner = { ...connections(graph), inFloat, rows: new Map<Node, Int8Operator>() };
  const clamps = new Map<Node, Node>();
  const leftAlone: LeftAlone[] = [];
  for (const node of graph.nodes) {
    const before = absorbedBy(node, planner);
    if (before) {
      clamps.set(before, node);
      continue;
    }
    const row = int8Operator(node);
    const reason = row
      ? refusal(node, row, { ...planner, clamps })
      : 'onnxruntime has no 8-bit kernel for it';
    if (row && reason === null) planner.rows.set(node, row);
    else if (mayBeFloat(node)) leftAlone.push({ name: nodeLabel(node), reason: reason! });
  }
  const rounded = roundedValues(planner, clamps);
  for (const [before, clamp] of clamps) {
    if (rounded.has(clamp.outputs[0]!)) continue;
    clamps.delete(before);
    leftAlone.push({
      name: nodeLabel(clamp),
      reason: 'its input and output are float, without integer layers around it',
    });
  }
  return { rows: planner.rows, clamps, rounded, leftAlone };
}

/** Not what computes shapes and indices. */
const mayBeFloat = ({ outputs }: Node): boolean => (outputs[0]?.dtype ?? 'float32') === 'float32';

interface Planner extends Connections {
  readonly rows: Map<Node, Int8Operator>;
  inFloat(name: string): boolean;
}

/** The 8-bit node that alone feeds a clamp: values beyond its bounds round to its bounds. */
function absorbedBy(node: Node, { producer, uses, rows }: Planner): Node | null {
  const [x] = node.inputs;
  if (!x || !clampOf(node) || uses.get(x)!.length !== 1) return null;
  const before = producer.get(x);
  const row = before && rows.get(before);
  // What passes has the scale of its input, which no clamp has bounded.
  return row && row.kind !== 'passes' && row.kind !== 'weights-only' ? before : null;
}

type Deciding = Planner & { readonly clamps: ReadonlyMap<Node, Node> };

function refusal(node: Node, row: Int8Operator, deciding: Deciding): string | null {
  if (deciding.inFloat(nodeTitle(node))) return 'it was excluded from quantisation';
  if (node.outputs.some((value) => value && value.dtype !== 'float32')) return 'its output is not float32';
  const own = row.refuse?.(node);
  if (own) return own;
  return row.axis ? refuseLayer(node, row) : refuseOther(node, row, deciding);
}

function refuseLayer(node: Node, row: Int8Operator): string | null {
  const [x, weight, bias] = node.inputs;
  if (x?.tensor || x?.dtype !== 'float32') return 'its input is not a float32 activation';
  if (weight?.tensor?.dtype !== 'float32') return 'its weight is not a float32 constant';
  if (row.kind === 'weights-only') return null;
  if (bias && bias.tensor?.dtype !== 'float32') return 'its bias is not a float32 constant';
  const channels = weight.tensor.shape[row.axis!(node)];
  return !bias || bias.tensor!.data.length === channels ? null : 'its bias is not one number per channel';
}

/** What has no weights runs in 8 bits where something in 8 bits is in front of it. */
function refuseOther(node: Node, row: Int8Operator, deciding: Deciding): string | null {
  if (!activationsOf(node, row).some((value) => isMadeInInt8(value, deciding))) {
    return 'its input comes from a float layer';
  }
  const { uses } = deciding;
  const outputs = node.outputs.filter((value) => value !== null);
  if (row.kind !== 'passes' && outputs.some((value) => uses.get(value)?.some((use) => use.node === null))) {
    return 'its output is an output of the network';
  }
  return null;
}

/** Whether an 8-bit node, or a clamp that one takes over, computes a value. */
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

/** The float32 inputs of a node that are rounded to 8 bits, weights and settings aside. */
export function activationsOf(node: Node, { kind }: Int8Operator): Value[] {
  if (kind === 'weights-only') return [];
  const inputs = kind === 'computes' || kind === 'joins' ? node.inputs : node.inputs.slice(0, 1);
  return inputs.filter((value) => value !== null);
}

/** What an 8-bit node gives, past the clamp that it takes over. */
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
