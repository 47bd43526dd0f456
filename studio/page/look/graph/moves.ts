import type { Drawing } from '../../../engine/look/drawing.ts';
import type { Layout, Point } from '../../../engine/look/layout.ts';

/** A direction in the drawing: along edges, or to the neighbours at the same height. */
export type Direction = 'down' | 'up' | 'left' | 'right';

/** The node in a direction from another; the node itself if there is none. */
export function nodeToward(direction: Direction, from: number, drawing: Drawing, layout: Layout): number {
  const to = candidates[direction](from, drawing, layout);
  return nearest(from, to, layout) ?? from;
}

type Candidates = (from: number, drawing: Drawing, layout: Layout) => readonly number[];

const candidates: Readonly<Record<Direction, Candidates>> = {
  down: (from, { edges }) => edges.filter((edge) => edge.from === from).map(({ to }) => to),
  up: (from, { edges }) => edges.filter((edge) => edge.to === from).map((edge) => edge.from),
  left: (from, _, layout) => beside(from, layout, -1),
  right: (from, _, layout) => beside(from, layout, 1),
};

/** The nodes that overlap a node in height, to one side of it. */
function beside(from: number, { boxes }: Layout, side: 1 | -1): number[] {
  const { x, y, height } = boxes[from]!;
  return boxes.flatMap((box, i) => {
    const isBeside = box.y < y + height && box.y + box.height > y && (box.x - x) * side > 0;
    return isBeside ? [i] : [];
  });
}

function nearest(from: number, among: readonly number[], { boxes }: Layout): number | null {
  const centre = (index: number): Point => {
    const { x, y, width, height } = boxes[index]!;
    return { x: x + width / 2, y: y + height / 2 };
  };
  const at = centre(from);
  const distance = (index: number) => Math.hypot(centre(index).x - at.x, centre(index).y - at.y);
  return among.reduce<number | null>(
    (best, index) => (best === null || distance(index) < distance(best) ? index : best),
    null,
  );
}
