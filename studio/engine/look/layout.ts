import { Graph, layout } from '@dagrejs/dagre';
import type { Drawing, DrawnNode } from './drawing.ts';

/** Where everything of a drawing lies, in CSS pixels at a zoom of 1. Plain data. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By the index of the node. */
  readonly boxes: readonly Box[];
  /** By the index of the edge: its corners, from the border of one node to that of the other. */
  readonly paths: readonly (readonly Point[])[];
}

/** A rectangle by its left upper corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Heights of nodes with one line and with two, and the widths of a character of the operator and of the summary. */
const SIZES = { oneLine: 28, twoLines: 46, operator: 8.4, summary: 7.2, padding: 30, least: 84 };

/** Above this number of nodes, ranks are assigned by a faster rule, which leaves some edges longer. */
const MOST_RANKED_WELL = 600;

/** Lays a drawing out from top to bottom. */
export function layoutOf({ nodes, edges }: Drawing): Layout {
  const graph = new Graph({ directed: true });
  const ranker = nodes.length > MOST_RANKED_WELL ? 'tight-tree' : 'network-simplex';
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 30, edgesep: 14, ranker });
  nodes.forEach((node, i) => graph.setNode(String(i), sizeOf(node)));
  for (const { from, to } of edges) graph.setEdge(String(from), String(to), {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    boxes: nodes.map((_, i) => boxOf(graph.node(String(i)))),
    paths: edges.map(({ from, to }) =>
      graph.edge(String(from), String(to)).points.map(({ x, y }: Point) => ({ x, y })),
    ),
  };
}

function sizeOf({ op, summary }: DrawnNode) {
  const text = Math.max(op.length * SIZES.operator, summary.length * SIZES.summary);
  const width = Math.max(SIZES.least, Math.round(text + SIZES.padding));
  return { width, height: summary ? SIZES.twoLines : SIZES.oneLine };
}

const boxOf = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }): Box => ({
  x: x - width / 2,
  y: y - height / 2,
  width,
  height,
});
