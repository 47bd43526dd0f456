import { batch, signal } from '@preact/signals';
import type { Drawing } from '../../engine/look/drawing.ts';
import { openings } from '../state.ts';

/** The shown part of a network. */
export const shownSection = signal('graph');

/** The index of the selected node in the drawing; null if none is selected. */
export const selectedNode = signal<number | null>(null);

/** Shows the node with a name in the graph. */
export function showNode({ nodes }: Drawing, name: string): void {
  const index = nodes.findIndex((node) => node.name === name);
  if (index < 0) return;
  batch(() => {
    selectedNode.value = index;
    shownSection.value = 'graph';
  });
}

/** Identifies a version of what is open now: every network has a version 0. */
export const versionKey = (version: number): string => `${openings.value}/${version}`;
