import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Extent } from './camera.ts';
import { draw, type Scene, type Stage } from './draw.ts';
import { paletteOf } from './palette.ts';

/** Draws a scene on a canvas, in the next frame after each change. */
export function useDrawing(
  element: RefObject<HTMLCanvasElement | null>,
  scene: Scene,
  { camera, canvas }: Pick<Stage, 'camera' | 'canvas'>,
): void {
  const { look, layout, selected, found } = scene;
  const dark = useDark();
  // The scene is new in each rendering; its parts are not.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const context = element.current?.getContext('2d');
      if (!context) return;
      sharpen(context, canvas);
      draw(scene, { context, canvas, camera, palette: paletteOf(context.canvas) });
    });
    return () => cancelAnimationFrame(frame);
  }, [look, layout, selected, found, camera, canvas, dark]);
}

/** Gives a canvas as many pixels as the screen has for it. */
function sharpen(context: CanvasRenderingContext2D, { width, height }: Extent): void {
  const ratio = window.devicePixelRatio;
  const { canvas } = context;
  const [pixelsX, pixelsY] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelsX || canvas.height !== pixelsY) {
    canvas.width = pixelsX;
    canvas.height = pixelsY;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

const darkness = window.matchMedia('(prefers-color-scheme: dark)');

/** Whether the colours are the dark ones. */
function useDark(): boolean {
  const [dark, setDark] = useState(darkness.matches);
  useEffect(() => {
    const change = () => setDark(darkness.matches);
    darkness.addEventListener('change', change);
    return () => darkness.removeEventListener('change', change);
  }, []);
  return dark;
}
