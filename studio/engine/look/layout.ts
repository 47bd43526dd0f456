import { Graph, layout } from '@dagrejs/dagre';
import { EspalierError } from 'espalier/core';
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

/** The number of nodes from which a part may end. */
const LEAST_PART = 40;

/**
 * Lays a drawing out from top to bottom, part by part: dagre's recursion is as deep as what it lays out, and its time grows
 * faster than the number of nodes. Throws `unsupported` for a drawing of more than about 1,000 nodes one below the other that edges
 * pass by.
 */
export function layoutOf(drawing: Drawing): Layout {
  const boxes: Box[] = [];
  const paths: Point[][] = [];
  for (const part of partsOf(drawing)) placePart(part, drawing, { boxes, paths });
  const all = [...boxes.flatMap(corners), ...paths.flat()];
  const [xs, ys] = [all.map(({ x }) => x), all.map(({ y }) => y)];
  const [left, top] = [least(xs), least(ys)];
  return {
    width: -least(xs.map((x) => -x)) - left,
    height: -least(ys.map((y) => -y)) - top,
    boxes: boxes.map((box) => ({ ...box, x: box.x - left, y: box.y - top })),
    paths: paths.map((path) => path.map(({ x, y }) => ({ x: x - left, y: y - top }))),
  };
}

/** The nodes from one to another, both included, and the indices of the edges between them. */
interface Part {
  readonly first: number;
  readonly last: number;
  readonly edges: readonly number[];
}

/** Cuts a drawing, whose edges lead to later nodes, at the nodes that no edge passes by. Neighbours share such a node. */
function partsOf({ nodes, edges }: Drawing): Part[] {
  const ordered = edges.map((_, index) => index).sort((a, b) => edges[a]!.from - edges[b]!.from);
  const parts: Part[] = [];
  let [first, farthest, next, own]: [number, number, number, number[]] = [0, 0, 0, []];
  for (let last = 1; last < nodes.length; last++) {
    while (next < ordered.length && edges[ordered[next]!]!.from < last) {
      own.push(ordered[next]!);
      farthest = Math.max(farthest, edges[ordered[next]!]!.to);
      next++;
    }
    const isCut = farthest <= last && last - first >= LEAST_PART;
    if (!isCut && last < nodes.length - 1) continue;
    parts.push({ first, last, edges: own });
    [first, own] = [last, []];
  }
  return nodes.length === 1 ? [{ first: 0, last: 0, edges: [] }] : parts;
}

/** Lays a part out so that its first node lies where the part before has put it. */
function placePart(
  { first, last, edges }: Part,
  drawing: Drawing,
  { boxes, paths }: { readonly boxes: Box[]; readonly paths: Point[][] },
): void {
  const graph = new Graph({ directed: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 30, edgesep: 14 });
  for (let i = first; i <= last; i++) graph.setNode(String(i), sizeOf(drawing.nodes[i]!));
  const ends = (edge: number) =>
    [String(drawing.edges[edge]!.from), String(drawing.edges[edge]!.to)] as const;
  for (const edge of edges) graph.setEdge(...ends(edge), {});
  layOut(graph);
  const start = boxOf(graph.node(String(first)));
  const at = boxes[first] ?? start;
  const [x, y] = [at.x - start.x, at.y - start.y];
  for (let i = first; i <= last; i++) {
    const box = boxOf(graph.node(String(i)));
    boxes[i] = { ...box, x: box.x + x, y: box.y + y };
  }
  for (const edge of edges) {
    paths[edge] = graph
      .edge(...ends(edge))
      .points.map((point: Point) => ({ x: point.x + x, y: point.y + y }));
  }
}

function layOut(graph: Graph): void {
  try {
    layout(graph);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = 'the graph is too deep to be drawn: the tables beside it list all its layers';
    throw new EspalierError('unsupported', message, { cause });
  }
}

const corners = ({ x, y, width, height }: Box): Point[] => [
  { x, y },
  { x: x + width, y: y + height },
];

const least = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

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
