import { useRef } from 'preact/hooks';
import type { DrawnNode } from '../../../engine/look/drawing.ts';
import { selectedNode } from '../state.ts';
import { fitted, zoomed } from './camera.ts';
import type { Scene } from './draw.ts';
import { keyEffect } from './keys.ts';
import { useCamera } from './use-camera.ts';
import { useDrawing } from './use-drawing.ts';
import { useExtent } from './use-extent.ts';
import { usePointers } from './use-pointers.ts';

const help =
  'Graph of the network. The arrow keys follow the edges, plus and minus zoom, 0 shows everything. The tab Layers has the same as a table.';

/**
 * The graph on a canvas. Dragging moves it; the wheel, two fingers, + and − zoom; the arrow keys follow the edges. Screen
 * readers hear the selected node.
 */
export function GraphCanvas({ scene }: { readonly scene: Scene }) {
  const area = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const extent = useExtent(area);
  const { layout, look, selected } = scene;
  const { camera, setCamera } = useCamera(scene, extent);
  useDrawing(canvas, scene, { camera, canvas: extent });
  const pointers = usePointers({ camera, layout, setCamera });
  const press = (event: KeyboardEvent) => {
    const effect = keyEffect(event, scene, { camera, canvas: extent });
    if (!effect) return;
    event.preventDefault();
    if (effect.camera) setCamera(effect.camera);
    if (effect.selected !== undefined) selectedNode.value = effect.selected;
  };
  const zoom = (factor: number) =>
    setCamera(zoomed(camera, factor, { x: extent.width / 2, y: extent.height / 2 }));
  return (
    <div class="drawing">
      <div
        class="canvas"
        ref={area}
        role="application"
        aria-label={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        onKeyDown={press}
        {...pointers}
      >
        <canvas ref={canvas} />
      </div>
      <p class="hidden" role="status">
        {selected !== null && nodeText(look.drawing.nodes[selected]!)}
      </p>
      <div class="zoom">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(1.4)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / 1.4)}>
          −
        </button>
        <button type="button" onClick={() => setCamera(fitted(layout, extent))}>
          Fit
        </button>
      </div>
    </div>
  );
}

const nodeText = ({ op, name, summary, outputs: [output] }: DrawnNode): string =>
  [op, name, summary, output && `output ${output[1]}`].filter(Boolean).join(', ');
