import { type Graph, type Node, nodeLabel, type Value } from '../../../graph/graph.ts';
import { callOf } from '../../../graph/operators/call.ts';
import { inputsOf, knownOperator, type OperatorName } from '../../../graph/operators/index.ts';
import type { Connections } from '../../../graph/topology.ts';
import { copyElements } from '../../../numeric/typed-arrays.ts';
import type { StatePair } from '../../executor.ts';
import type { Buffer } from '../../memory-plan.ts';
import { resolveStates } from '../../state-pairs.ts';
import { kernels } from '../kernels/index.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { Dnnl } from '../library/api.ts';
import { appendFlatUpdate, groupUpdates, type Region, type UpdateGroup } from './flat-updates.ts';
import type { Operand } from './operand.ts';
import { requiredPrimitive, unsupported } from './primitives.ts';
import { type Lowered, type LoweringScope, openScope } from './scope.ts';

export interface LoweredGraph extends Lowered {
  /** Adjacent buffers of parameters, momenta and gradients. */
  readonly regions: readonly Region[];
  /** Results by name. */
  readonly results: ReadonlyMap<string, Operand>;
  readonly feeds: ReadonlyMap<string, Operand>;
  readonly states: ReadonlyMap<string, Operand>;
}

/** Appends the computation of consecutive nodes without kernels. */
export type Fallback = (scope: LoweringScope, nodes: readonly Node[]) => void;

/** Lowers a graph node by node. Updates of parameters are last, followed by the nodes that read updated values. */
export function lowerGraph(
  graph: Graph,
  dnnl: Dnnl,
  { pairs, block, foreign }: { pairs: readonly StatePair[]; block: 8 | 16; foreign: Fallback },
): LoweredGraph {
  const nextOf = new Map(resolveStates(graph, pairs).map(({ value, next }) => [value, next]));
  const scope = openScope(graph, dnnl, { block, states: new Set(nextOf.keys()) });
  const { before, groups, after } = schedule(graph, scope.connections, nextOf);
  lowerNodes(scope, before, foreign);
  const regions = groups.flatMap((group) => appendFlatUpdate(scope, group));
  lowerNodes(scope, after, foreign);
  const results = new Map<string, Operand>();
  const stateOutputs = new Set(nextOf.values());
  for (const value of graph.outputs)
    if (!stateOutputs.has(value)) results.set(value.name, scope.readPlain(value));
  const states = new Map([...nextOf.keys()].map((value) => [value.name, scope.read(value)]));
  for (const [value, next] of nextOf) appendCopy(scope, scope.read(value), next);
  const fed = graph.inputs.filter((value) => !nextOf.has(value) && !value.tensor);
  const feeds = new Map(fed.map((value) => [value.name, scope.readPlain(value)]));
  return { ...scope, regions, results, feeds, states };
}

/** Divides the nodes: those before all updates, the updates that share a pass, and the nodes that depend on them. */
function schedule(graph: Graph, links: Connections, nextOf: ReadonlyMap<Value, Value>) {
  const candidates = groupUpdates(graph, links, nextOf);
  const grouped = new Set(candidates.flatMap(({ nodes }) => nodes));
  const late = new Set<Value>();
  const [before, after]: [Node[], Node[]] = [[], []];
  for (const node of graph.nodes) {
    if (!grouped.has(node) && !dependsOn(node, late)) {
      before.push(node);
      continue;
    }
    if (!grouped.has(node)) after.push(node);
    for (const value of node.outputs) if (value) late.add(value);
  }
  const readLate = new Set(after.flatMap((node) => node.inputs));
  const conflicts = (node: Node) => {
    const { weight, momentum } = inputsOf(node, 'SgdUpdate');
    return readLate.has(weight) || readLate.has(momentum);
  };
  const clash = candidates.some(({ nodes }) =>
    nodes.some((node) => conflicts(node) || dependsOn(node, late)),
  );
  // A node reads a parameter after its update. If all nodes keep their order, no parameter is overwritten too early.
  if (clash) return { before: graph.nodes, groups: [] as UpdateGroup[], after: [] as Node[] };
  return { before, groups: candidates, after };
}

const dependsOn = ({ inputs }: Node, late: ReadonlySet<Value>): boolean =>
  inputs.some((value) => value && late.has(value));

function lowerNodes(scope: LoweringScope, nodes: readonly Node[], foreign: Fallback): void {
  let waiting: Node[] = [];
  const flush = () => {
    if (waiting.length > 0) foreign(scope, waiting);
    waiting = [];
  };
  for (const node of nodes) {
    if (scope.isSkipped(node)) continue;
    const computed = new Set(waiting.flatMap(({ outputs }) => outputs));
    if (hasKernel(node) && node.inputs.some((value) => value && computed.has(value))) flush();
    if (!lower(node, scope)) waiting.push(node);
  }
  flush();
}

const hasKernel = (node: Node): boolean => {
  const op = knownOperator(node);
  return op !== null && kernels[op] !== undefined;
};

function lower(node: Node, scope: LoweringScope): boolean {
  const op = knownOperator(node);
  const kernel = op && (kernels[op] as Kernel<OperatorName> | undefined);
  if (!op || !kernel) return false;
  if (kernel(callOf(node, op), scope)) return true;
  if (node.domain === '') return false;
  throw unsupported('kernel', nodeLabel(node));
}

/** Copies the next value of a state to the state's memory, unless it was computed there. */
function appendCopy(scope: LoweringScope, home: Operand, next: Value): void {
  const source = home.descriptor ? scope.read(next, home.descriptor) : scope.read(next);
  if (source.buffer === home.buffer) return;
  if (home.descriptor && home.buffer.bytes > LARGE_COPY_BYTES) {
    const operation = { kind: 'reorder', src: home.descriptor, dst: home.descriptor } as const;
    scope.run(requiredPrimitive(scope.dnnl, operation, { where: next.name }), { src: source, dst: home });
    return;
  }
  scope.host({
    label: 'state',
    reads: [{ ...source, isRaw: true }],
    writes: [{ ...home, isRaw: true }],
    compute: ([from], [to]) => copyElements(to, from),
  });
}

/** From this number of elements, oneDNN copies faster, with all threads. */
const LARGE_COPY_BYTES = 2 ** 18;

export const buffersOf = (operands: Iterable<Operand>): Buffer[] => [...operands].map(({ buffer }) => buffer);
