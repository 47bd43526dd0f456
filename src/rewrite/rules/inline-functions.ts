import { EspalierError } from '../../errors.ts';
import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Attribute, DEFAULT_OPSET, type Graph, type Node, nodeLabel } from '../../graph/graph.ts';
import { inferNode, type KnownElements } from '../../graph/shapes/index.ts';
import { subgraphs } from '../../graph/topology.ts';
import {
  calledFunction,
  forgetFunctions,
  type LocalFunction,
  readFunctions,
  referredAttribute,
} from '../../onnx/index.ts';
import { splice } from './splice.ts';
import { upgradeOpset } from './upgrade-opset.ts';

/** Maximum number of nodes from the functions of a model; more is treated as an attack. */
const MOST_NODES = 200_000;
/** Maximum nesting of function calls. */
const DEEPEST = 60;

interface InliningContext {
  readonly functions: ReadonlyMap<string, () => LocalFunction>;
  readonly opset: number;
  readonly contents: KnownElements;
  /** Number of nodes inlined so far. */
  nodes: number;
  unique(wanted: string): string;
}

/** A network without calls of its own functions. */
export interface Inlined {
  readonly graph: Graph;
  /** Number of inlined calls. */
  readonly calls: number;
}

/**
 * Replaces each call of a function that the model defines by the function's nodes, also in subgraphs and in other functions.
 * If functions use other opsets, everything is upgraded to the newest. The given network is consumed. Throws `invalid-model`
 * if functions call each other recursively.
 */
export function inlineFunctions(network: Graph): Inlined {
  const functions = readFunctions(network);
  if (functions.size === 0) return { graph: network, calls: 0 };
  const opsets = [...functions.values()].map((read) => read().body.opsets);
  const graph = withOpsets(network, opsets);
  const { '': opset = 1 } = graph.opsets;
  const inlining = { functions, opset, contents: new Map(), nodes: 0, unique: uniqueNames(graph) };
  const calls = inlineInto(graph, inlining, []);
  forgetFunctions(graph);
  return { graph, calls };
}

/** The network in the newest opset that it or its functions import. */
function withOpsets(network: Graph, imported: readonly Graph['opsets'][]): Graph {
  const standard = [network.opsets, ...imported].flatMap(({ '': version }) => version ?? []);
  const newest = Math.max(...standard);
  const agree = standard.every((version) => version === newest);
  const graph = agree ? network : upgradeOpset(network, Math.max(newest, DEFAULT_OPSET));
  if (agree && standard.length > 0) graph.opsets[''] = newest;
  for (const [domain, version] of imported.flatMap(Object.entries) as [string, number][]) {
    graph.opsets[domain] ??= version;
  }
  return graph;
}

/** Infers types meanwhile, because nodes of a function may depend on the types of its inputs. */
function inlineInto(graph: Graph, inlining: InliningContext, around: readonly string[]): number {
  let calls = 0;
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    for (const body of subgraphs(node)) calls += inlineInto(body, inlining, around);
    const key = calledFunction(node);
    const called = inlining.functions.get(key);
    if (called) {
      calls++;
      nodes.push(...inlined(graph, { node, called: called(), around: [...around, key] }, inlining));
    } else {
      inferNode(node, graph.opsets, inlining.contents);
      nodes.push(node);
    }
  }
  graph.nodes = nodes;
  inlining.nodes += nodes.length;
  return calls;
}

interface FunctionCall {
  readonly node: Node;
  readonly called: LocalFunction;
  /** The names of the functions being inlined, the current one last. */
  readonly around: readonly string[];
}

function inlined(graph: Graph, { node, called, around }: FunctionCall, inlining: InliningContext): Node[] {
  const fails = (message: string) => new EspalierError('invalid-model', message, { where: nodeLabel(node) });
  if (around.indexOf(around.at(-1)!) < around.length - 1) throw fails('calls itself');
  if (around.length > DEEPEST) throw fails(`functions are nested deeper than ${DEEPEST}`);
  if (inlining.nodes > MOST_NODES) throw fails(`functions expand to more than ${MOST_NODES} nodes`);
  const instance = instantiated(node, called);
  const { '': opset = inlining.opset } = instance.opsets;
  const body = opset === inlining.opset ? instance : upgradeOpset(instance, inlining.opset);
  inlineInto(body, inlining, around);
  const prefix = node.name || node.outputs.find((value) => value !== null)?.name || node.op;
  return splice(graph, body, {
    inputs: node.inputs,
    outputs: node.outputs,
    prefix,
    unique: inlining.unique,
  });
}

/** A copy of a function's body, with the types of the call's inputs and the call's attributes. */
function instantiated(node: Node, { body, defaults }: LocalFunction): Graph {
  const instance = cloneGraph(body);
  instance.inputs.forEach((value, i) => {
    const { dtype = null, shape = null, tensor = null } = node.inputs[i] ?? {};
    Object.assign(value, { dtype, shape, tensor });
  });
  const given = { ...defaults, ...node.attributes };
  setAttributes(instance, given);
  return instance;
}

/** Replaces references to the function's attributes by those of the call; a missing one is removed. */
function setAttributes(graph: Graph, given: Readonly<Record<string, Attribute>>): void {
  for (const node of graph.nodes) {
    const attributes = Object.entries(node.attributes).flatMap(([name, attribute]) => {
      const referred = referredAttribute(attribute);
      if (referred === null) return [[name, attribute] as const];
      return Object.hasOwn(given, referred) ? [[name, given[referred]!] as const] : [];
    });
    node.attributes = Object.fromEntries(attributes);
    for (const body of subgraphs(node)) setAttributes(body, given);
  }
}
