import type { Box, Layout, Point } from '../../../engine/look/layout.ts';

/** What part of a drawing is shown: a point (x, y) of the drawing appears at (x·scale + left, y·scale + top). */
export interface Camera {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

/** The size of the canvas in CSS pixels. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

const SCALES = { least: 0.02, most: 3 };
const MARGIN = 24;

/** The top of the drawing in the middle of the canvas, as large as the width allows. */
export function startOf({ width }: Layout, canvas: Extent): Camera {
  const scale = Math.max(0.35, Math.min(1, (canvas.width - 2 * MARGIN) / width));
  return { scale, left: (canvas.width - width * scale) / 2, top: MARGIN };
}

/** The whole drawing. */
export function fitted({ width, height }: Layout, canvas: Extent): Camera {
  const scale = clamp(
    Math.min(1, (canvas.width - 2 * MARGIN) / width, (canvas.height - 2 * MARGIN) / height),
  );
  return { scale, left: (canvas.width - width * scale) / 2, top: (canvas.height - height * scale) / 2 };
}

/** Zooms by a factor about a point of the canvas, which stays where it is. */
export function zoomed({ left, top, scale }: Camera, factor: number, about: Point): Camera {
  const next = clamp(scale * factor);
  const by = next / scale;
  return { scale: next, left: about.x - (about.x - left) * by, top: about.y - (about.y - top) * by };
}

/** Moves the shown part by pixels of the canvas. */
export const panned = ({ left, top, scale }: Camera, x: number, y: number): Camera => ({
  scale,
  left: left + x,
  top: top + y,
});

/** Moves as little as it takes for a box to be shown with some space around it; a tiny one is enlarged. */
export function showing(camera: Camera, box: Box, canvas: Extent): Camera {
  const scale = Math.max(camera.scale, 0.6);
  const { left, top } = camera.scale === scale ? camera : centredOn(box, scale, canvas);
  const space = { x: Math.min(80, canvas.width / 4), y: Math.min(80, canvas.height / 4) };
  const [x, y] = [box.x * scale + left, box.y * scale + top];
  return {
    scale,
    left: left + shift(x, box.width * scale, canvas.width, space.x),
    top: top + shift(y, box.height * scale, canvas.height, space.y),
  };
}

const centredOn = ({ x, y, width, height }: Box, scale: number, canvas: Extent) => ({
  left: canvas.width / 2 - (x + width / 2) * scale,
  top: canvas.height / 2 - (y + height / 2) * scale,
});

/** How far an interval must move to lie within [space, size − space]. */
function shift(start: number, length: number, size: number, space: number): number {
  if (start < space) return space - start;
  return Math.min(0, size - space - (start + length));
}

/** The point of the drawing at a point of the canvas. */
export const pointAt = ({ left, top, scale }: Camera, { x, y }: Point): Point => ({
  x: (x - left) / scale,
  y: (y - top) / scale,
});

const clamp = (scale: number): number => Math.min(SCALES.most, Math.max(SCALES.least, scale));
