import { useEffect, useState } from 'preact/hooks';
import type { Layout } from '../../../engine/look/layout.ts';
import { type Camera, type Extent, showing, startOf } from './camera.ts';
import type { Scene } from './draw.ts';

/** What of a layout is shown: its start until it is moved. A newly selected node is brought into view. */
export function useCamera({ layout, selected }: Scene, extent: Extent) {
  const [moved, setMoved] = useState<{ readonly layout: Layout; readonly camera: Camera } | null>(null);
  const camera = moved?.layout === layout ? moved.camera : startOf(layout, extent);
  const setCamera = (next: Camera) => setMoved({ layout, camera: next });
  const isSized = extent.width > 0;
  // Only a new selection moves the camera.
  useEffect(() => {
    if (selected !== null && isSized) setCamera(showing(camera, layout.boxes[selected]!, extent));
  }, [selected, isSized]);
  return { camera, setCamera };
}
