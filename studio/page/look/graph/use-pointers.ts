import { useRef } from 'preact/hooks';
import type { Layout, Point } from '../../../engine/look/layout.ts';
import { selectedNode } from '../state.ts';
import { type Camera, panned, pointAt, zoomed } from './camera.ts';

/** What pointers act on. */
interface Pointed {
  readonly camera: Camera;
  readonly layout: Layout;
  readonly setCamera: (camera: Camera) => void;
}

/** Pixels that a pointer may move between press and release of a click. */
const CLICK_PIXELS = 4;
/** Zoom per unit of a wheel. A pinch on a touchpad is reported as a wheel with Control, in smaller units. */
const WHEEL = { plain: 0.0015, pinch: 0.01 };

/** Handlers of an element: dragging pans, two fingers and the wheel zoom, and a click selects a node. */
export function usePointers({ camera, layout, setCamera }: Pointed) {
  const pressed = useRef(new Map<number, Point>());
  const travelled = useRef(0);
  return {
    onPointerDown(event: PointerEvent) {
      if (pressed.current.size === 0) travelled.current = 0;
      pressed.current.set(event.pointerId, positionOf(event));
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent) {
      const before = pressed.current.get(event.pointerId);
      if (!before) return;
      const now = positionOf(event);
      pressed.current.set(event.pointerId, now);
      travelled.current += Math.hypot(now.x - before.x, now.y - before.y);
      const other = [...pressed.current].find(([id]) => id !== event.pointerId)?.[1];
      setCamera(
        other ? pinched(camera, { before, now, other }) : panned(camera, now.x - before.x, now.y - before.y),
      );
    },
    onPointerUp(event: PointerEvent) {
      pressed.current.delete(event.pointerId);
      if (travelled.current > CLICK_PIXELS || pressed.current.size > 0) return;
      selectedNode.value = nodeAt(pointAt(camera, positionOf(event)), layout);
    },
    onPointerCancel(event: PointerEvent) {
      pressed.current.delete(event.pointerId);
    },
    onWheel(event: WheelEvent) {
      event.preventDefault();
      const speed = event.ctrlKey ? WHEEL.pinch : WHEEL.plain;
      setCamera(zoomed(camera, Math.exp(-event.deltaY * speed), positionOf(event)));
    },
  };
}

/** One of two fingers has moved: the distance zooms, the point between them moves. */
function pinched(
  camera: Camera,
  { before, now, other }: Readonly<Record<'before' | 'now' | 'other', Point>>,
): Camera {
  const distance = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  const moved = panned(camera, (now.x - before.x) / 2, (now.y - before.y) / 2);
  return zoomed(moved, distance(now) / distance(before), middle);
}

/** The position of an event in the element that handles it. */
function positionOf(event: MouseEvent): Point {
  const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function nodeAt({ x, y }: Point, { boxes }: Layout): number | null {
  const index = boxes.findIndex(
    (box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height,
  );
  return index < 0 ? null : index;
}
