import { type Camera, fitted, panned, zoomed } from './camera.ts';
import type { Scene, Stage } from './draw.ts';
import { type Direction, nodeToward } from './moves.ts';

/** What a key changes: what is shown, or the selected node. */
export interface KeyEffect {
  readonly camera?: Camera;
  readonly selected?: number | null;
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowDown: 'down',
  ArrowUp: 'up',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

/** Pixels by which Shift and an arrow key move the drawing. */
const pans: Readonly<Record<Direction, readonly [x: number, y: number]>> = {
  down: [0, -120],
  up: [0, 120],
  left: [120, 0],
  right: [-120, 0],
};

type Effect = (scene: Scene, shown: Pick<Stage, 'camera' | 'canvas'>) => KeyEffect;

const zoomBy =
  (factor: number): Effect =>
  (_, { camera, canvas }) => ({
    camera: zoomed(camera, factor, { x: canvas.width / 2, y: canvas.height / 2 }),
  });

const effects: Readonly<Record<string, Effect>> = {
  '+': zoomBy(1.25),
  '=': zoomBy(1.25),
  '-': zoomBy(0.8),
  '0': ({ layout }, { canvas }) => ({ camera: fitted(layout, canvas) }),
  Escape: () => ({ selected: null }),
  Home: () => ({ selected: 0 }),
  End: ({ look }) => ({ selected: look.drawing.nodes.length - 1 }),
};

/** What a key does in the graph; null if nothing. Keys with Control, Alt or Meta belong to the browser. */
export function keyEffect(
  { key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent,
  scene: Scene,
  shown: Pick<Stage, 'camera' | 'canvas'>,
): KeyEffect | null {
  if (ctrlKey || altKey || metaKey) return null;
  const direction = directions[key];
  if (!direction) return effects[key]?.(scene, shown) ?? null;
  if (shiftKey) return { camera: panned(shown.camera, ...pans[direction]) };
  const { selected, look, layout } = scene;
  return { selected: selected === null ? 0 : nodeToward(direction, selected, look.drawing, layout) };
}
