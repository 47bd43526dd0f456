import { EspalierError } from '../../errors.ts';
import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { DEFAULT_OPSET, type Graph, makeConstant, makeValue, type Node } from '../../graph/graph.ts';
import { contentsOf, inferShapes, type KnownElements } from '../../graph/shapes/index.ts';
import { connections, subgraphs } from '../../graph/topology.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import { type Upgrade, type UpgradeContext, upgrades } from './opset-changes/index.ts';

/** The newest opset in the tables of changes. */
const NEWEST = 22;

/** Before opset 7, broadcasting was an attribute; such files are rejected. */
const OLDEST = 7;

/**
 * A copy in opset `to` (at most 22; default 18): attributes that became inputs, changed defaults and changed meanings are
 * rewritten node by node. A newer model is not changed. Throws `unsupported` for opsets before 7, and for nodes that the
 * newer opset cannot express.
 */
export function upgradeOpset(graph: Graph, to: number = DEFAULT_OPSET): Graph {
  const copy = cloneGraph(graph);
  const from = copy.opsets[''];
  // Without ONNX's own operators, the version of their opset has no meaning.
  if (from === undefined && !usesStandard(copy)) copy.opsets[''] = to;
  const given = copy.opsets[''] ?? 1;
  if (given >= to) return copy;
  if (to > NEWEST) throw new EspalierError('usage', `expected an opset up to ${NEWEST}, got ${to}`);
  if (given < OLDEST) {
    const message = `expected opset ${OLDEST} or later, found ${given}: export the model again, or convert it with onnx.version_converter`;
    throw new EspalierError('unsupported', message);
  }
  const contents = inferShapes(copy);
  upgradeGraph(copy, { from: given, to, contents, unique: uniqueNames(copy) });
  inferShapes(copy);
  return copy;
}

const usesStandard = ({ nodes }: Graph): boolean =>
  nodes.some((node) => node.domain === '' || subgraphs(node).some(usesStandard));

interface Span {
  readonly from: number;
  readonly to: number;
  readonly contents: KnownElements;
  unique(wanted: string): string;
}

function upgradeGraph(graph: Graph, span: Span): void {
  const { uses } = connections(graph);
  graph.nodes = graph.nodes.flatMap((node) => {
    for (const body of subgraphs(node)) upgradeGraph(body, span);
    const rows = node.domain === '' && Object.hasOwn(upgrades, node.op) ? upgrades[node.op]! : [];
    const due = rows.filter(({ since }) => span.from < since && since <= span.to);
    if (due.length === 0) return [node];
    const isRead = (index: number) => !!node.outputs[index] && uses.has(node.outputs[index]);
    return applied(node, due, { ...contextOf(graph, node, span), isRead });
  });
  graph.opsets[''] = span.to;
}

/** The nodes that replace a node, with the oldest change applied first. */
function applied(node: Node, rows: readonly Upgrade[], context: UpgradeContext): Node[] {
  let nodes = [node];
  for (const { change } of rows) {
    nodes = nodes.flatMap((part) => (part === node ? (change(part, context) ?? [part]) : [part]));
  }
  return nodes;
}

function contextOf(
  graph: Graph,
  node: Node,
  { from, contents, unique }: Span,
): Omit<UpgradeContext, 'isRead'> {
  const base = node.name || node.outputs.find((output) => output !== null)?.name || node.op;
  return {
    from,
    contents: (value) => contentsOf(value, contents),
    constant: (tensor: Tensor, suffix: string) => {
      const value = makeConstant(unique(`${base}.${suffix}`), tensor);
      graph.initializers.push(value);
      return value;
    },
    value: (suffix, dtype, shape) => makeValue(unique(`${base}.${suffix}`), dtype, shape),
    name: (suffix) => unique(`${base}.${suffix}`),
  };
}
