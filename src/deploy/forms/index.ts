import { builderOf } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { emptyGraph, type Graph, type Node, type Value } from '../../graph/graph.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { couple } from '../../pruning/coupling/index.ts';
import { type OwnChannels, ownChannels, reorderFilters } from '../../pruning/own-channels.ts';
import { lowerByShape, shapeGroups, shapeOrder } from './by-shape.ts';
import { type Convolution, liveStripes, readConvolution } from './convolution.ts';
import { lowerStripeWise } from './stripe-wise.ts';

/** The exact forms that a convolution with dead stripes can take. */
export const stripeForms = ['dense', 'shape', 'stripe'] as const;
export type StripeForm = (typeof stripeForms)[number];

/** Decides on a layer's form; gets each form as a graph of its own, for timing. */
export type FormChooser = (layer: LayerCandidates) => Promise<StripeForm> | StripeForm;

export interface LayerCandidates {
  readonly name: string;
  readonly forms: readonly { readonly form: StripeForm; readonly graph: Graph }[];
}

export interface Lowering {
  readonly graph: Graph;
  readonly layers: readonly { readonly name: string; readonly form: StripeForm }[];
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Rewrites each convolution that has dead stripes as ONNX operators that skip them: `shape` (filters grouped by
 * bounding box, kernels cropped), `stripe` (1×1 convolutions, shifted and summed), or `dense` (zeros kept).
 */
export async function lowerStripes(network: Graph, choose: FormChooser): Promise<Lowering> {
  const graph = cloneGraph(network);
  inferShapes(graph);
  const chosen = new Map<Node, StripeForm>();
  const leftAlone: { name: string; reason: string }[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'Conv' || node.domain !== '') continue;
    const conv = readConvolution(node);
    if ('reason' in conv) leftAlone.push({ name: node.name, reason: conv.reason });
    else if (hasDeadStripes(conv)) chosen.set(node, await choose(candidates(conv)));
  }
  const channels = ownChannels(graph, couple(graph));
  for (const [node, form] of chosen) if (form === 'shape') sortFilters(channels, node);
  replaceNodes(graph, chosen);
  removeDeadNodes(graph);
  inferShapes(graph);
  const layers = [...chosen].map(([node, form]) => ({ name: node.name, form }));
  return { graph, layers, leftAlone };
}

const hasDeadStripes = (conv: Convolution): boolean =>
  conv.live.length > 0 && liveStripes(conv) < conv.filters * conv.kernel[0] * conv.kernel[1];

function candidates(conv: Convolution): LayerCandidates {
  const forms = stripeForms.filter((form) => form !== 'stripe' || liveStripes(conv) > 0);
  return { name: conv.name, forms: forms.map((form) => ({ form, graph: standalone(conv, form) })) };
}

/** A graph of one layer in one form: x [1, C, H, W] → y. */
function standalone(conv: Convolution, form: StripeForm): Graph {
  const graph = emptyGraph(conv.name);
  const g = builderOf(graph);
  const shape = conv.x.shape!.map((dim, i) => (i === 0 ? 1 : dim));
  const x = g.input('x', 'float32', shape);
  g.output(lower(g, { ...conv, x }, form), 'y');
  return graph;
}

function lower(g: ReturnType<typeof builderOf>, conv: Convolution, form: StripeForm): Value {
  if (form === 'stripe') return lowerStripeWise(g, conv);
  const whole = { box: { top: 0, left: 0, bottom: conv.kernel[0] - 1, right: conv.kernel[1] - 1 } };
  const groups = form === 'shape' ? shapeGroups(conv) : [{ ...whole, filters: [...conv.live.keys()] }];
  return lowerByShape(g, conv, groups);
}

/** Puts the filters in the order of their shape groups where nothing else shares their channels: no Gather needed. */
function sortFilters(channels: OwnChannels, node: Node): void {
  const conv = readConvolution(node);
  if ('reason' in conv || channels.sharedBecause(node) !== null) return;
  reorderFilters(channels, node, shapeOrder(shapeGroups(conv)));
}

function replaceNodes(graph: Graph, chosen: ReadonlyMap<Node, StripeForm>): void {
  const { nodes } = graph;
  const g = builderOf(graph);
  graph.nodes = [];
  for (const node of nodes) {
    const form = chosen.get(node);
    const conv = form && form !== 'dense' ? readConvolution(node) : null;
    if (!form || !conv || 'reason' in conv) {
      graph.nodes.push(node);
      continue;
    }
    lower(g, conv, form);
    graph.nodes.at(-1)!.outputs[0] = node.outputs[0]!;
  }
}
