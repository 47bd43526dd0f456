import type { Drawing } from '../../engine/look/drawing.ts';
import { showNode } from './state.ts';

/** The name of a node, which shows it in the graph. */
export const NodeLink = ({ drawing, name }: { readonly drawing: Drawing; readonly name: string }) => (
  <button type="button" class="link" title="Show in the graph" onClick={() => showNode(drawing, name)}>
    {name}
  </button>
);
