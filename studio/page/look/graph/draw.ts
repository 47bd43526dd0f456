import type { GroupFacts } from 'espalier/core';
import type { DrawnNode } from '../../../engine/look/drawing.ts';
import type { Box, Layout, Point } from '../../../engine/look/layout.ts';
import type { Look } from '../../../engine/look/look.ts';
import { colourOf } from '../group-colours.ts';
import type { Camera, Extent } from './camera.ts';
import type { Palette } from './palette.ts';

/** Everything that is drawn. */
export interface Scene {
  readonly look: Look;
  readonly layout: Layout;
  readonly selected: number | null;
  /** The nodes that a search has found; null if nothing is searched. */
  readonly found: ReadonlySet<number> | null;
}

/** Where a scene is drawn. */
export interface Stage {
  readonly context: CanvasRenderingContext2D;
  readonly canvas: Extent;
  readonly camera: Camera;
  readonly palette: Palette;
}

/** Below this scale, texts are too small to be read and are left out. */
const TEXT_SCALE = 0.42;
const RADIUS = 6;

/** Draws the visible nodes and edges. */
export function draw(scene: Scene, stage: Stage): void {
  const { context, canvas, camera } = stage;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.translate(camera.left, camera.top);
  context.scale(camera.scale, camera.scale);
  const visible = isVisible(stage);
  const { look, layout } = scene;
  look.drawing.edges.forEach((edge, i) => {
    const path = layout.paths[i]!;
    if (visible(around(path))) drawEdge(path, edgeColour(scene, stage.palette, edge), stage);
  });
  look.drawing.nodes.forEach((node, i) => {
    const box = layout.boxes[i]!;
    if (visible(box)) drawNode({ node, box, index: i }, scene, stage);
  });
  context.restore();
}

function isVisible({ camera: { left, top, scale }, canvas }: Stage): (box: Box) => boolean {
  const [x0, y0] = [-left / scale, -top / scale];
  const [x1, y1] = [x0 + canvas.width / scale, y0 + canvas.height / scale];
  return ({ x, y, width, height }) => x < x1 && x + width > x0 && y < y1 && y + height > y0;
}

function around(path: readonly Point[]): Box {
  const xs = path.map(({ x }) => x);
  const ys = path.map(({ y }) => y);
  const [x, y] = [Math.min(...xs) - 4, Math.min(...ys)];
  return { x, y, width: Math.max(...xs) + 4 - x, height: Math.max(...ys) - y };
}

/** The colour of a channel group of several layers; null for others. */
function sharedColour(groups: readonly GroupFacts[], index: number | null, palette: Palette): string | null {
  const group = index === null ? undefined : groups[index];
  return group && group.members.length > 1 ? palette.property(colourOf(group, index!)) : null;
}

function edgeColour(
  { look, selected }: Scene,
  palette: Palette,
  edge: Look['drawing']['edges'][number],
): string {
  if (selected !== null && (edge.from === selected || edge.to === selected)) return palette.accent;
  return sharedColour(look.facts.groups, edge.group, palette) ?? palette.edge;
}

/** A line through the corners of a path, rounded, with an arrow at its end. */
function drawEdge(path: readonly Point[], colour: string, { context, camera }: Stage): void {
  const end = path.at(-1)!;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1.4, 0.8 / camera.scale);
  context.beginPath();
  context.moveTo(path[0]!.x, path[0]!.y);
  for (let i = 1; i < path.length - 1; i++) {
    const [at, next] = [path[i]!, path[i + 1]!];
    const last = i === path.length - 2;
    context.quadraticCurveTo(
      at.x,
      at.y,
      last ? end.x : (at.x + next.x) / 2,
      last ? end.y : (at.y + next.y) / 2,
    );
  }
  if (path.length === 2) context.lineTo(end.x, end.y);
  context.stroke();
  if (camera.scale < TEXT_SCALE) return;
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(end.x, end.y);
  context.lineTo(end.x - 4, end.y - 7);
  context.lineTo(end.x + 4, end.y - 7);
  context.fill();
}

interface PlacedNode {
  readonly node: DrawnNode;
  readonly box: Box;
  readonly index: number;
}

function drawNode({ node, box, index }: PlacedNode, scene: Scene, stage: Stage): void {
  const { context, camera, palette } = stage;
  const { look, selected, found } = scene;
  const isSelected = index === selected;
  const colour = sharedColour(look.facts.groups, node.group, palette);
  const chosen = selected === null ? null : look.drawing.nodes[selected]!.group;
  const isCoupled = colour !== null && node.group === chosen;
  context.globalAlpha = found && !found.has(index) ? 0.3 : 1;
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, RADIUS);
  context.fillStyle = isSelected ? palette.wash : palette.surface;
  context.fill();
  context.strokeStyle = isSelected || found?.has(index) ? palette.accent : isCoupled ? colour : palette.rule;
  context.lineWidth = Math.max(isSelected || isCoupled ? 2 : 1, 0.6 / camera.scale);
  context.stroke();
  if (colour) drawBand(box, colour, stage);
  if (camera.scale >= TEXT_SCALE) drawTexts(node, box, stage);
  if (node.macs > 0) drawShare(node.macs / Math.max(1, look.facts.macs), box, stage);
  context.globalAlpha = 1;
}

/** The colour of the channel group at the left edge. */
function drawBand({ x, y, height }: Box, colour: string, { context }: Stage): void {
  context.beginPath();
  context.roundRect(x, y, 5, height, [RADIUS, 0, 0, RADIUS]);
  context.fillStyle = colour;
  context.fill();
}

function drawTexts(
  { op, summary }: DrawnNode,
  { x, y, width, height }: Box,
  { context, palette }: Stage,
): void {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const middle = x + width / 2 + 1;
  context.fillStyle = palette.ink;
  context.font = `600 13px ${palette.font}`;
  context.fillText(op, middle, y + (summary ? 15 : height / 2 + 0.5));
  if (!summary) return;
  context.fillStyle = palette.quiet;
  context.font = `12px ${palette.font}`;
  context.fillText(summary, middle, y + 31);
}

/** The share of the MACs as a bar at the lower edge; a tenth of all MACs fills it. */
function drawShare(share: number, { x, y, width, height }: Box, { context, palette }: Stage): void {
  const full = width - 16;
  context.beginPath();
  context.roundRect(x + 8, y + height - 5, Math.max(2, full * Math.min(1, share * 10)), 2.5, 1.25);
  context.fillStyle = palette.accent;
  context.fill();
}
