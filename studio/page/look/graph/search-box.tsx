import { type Signal, useSignal } from '@preact/signals';
import type { Drawing } from '../../../engine/look/drawing.ts';
import { selectedNode } from '../state.ts';

/** Properties of {@link SearchBox}. */
interface SearchBoxProps {
  readonly drawing: Drawing;
  readonly found: Signal<ReadonlySet<number> | null>;
}

/** Finds nodes by a part of their name, operator or channels. Enter selects the next one, Shift and Enter the one before. */
export function SearchBox({ drawing, found }: SearchBoxProps) {
  const text = useSignal('');
  const search = ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
    text.value = value;
    found.value = value.trim() ? nodesWith(value.trim().toLowerCase(), drawing) : null;
    const [first] = found.value ?? [];
    if (first !== undefined) selectedNode.value = first;
  };
  const next = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !found.value?.size) return;
    const all = [...found.value];
    const at = all.indexOf(selectedNode.value ?? -1);
    selectedNode.value = all.at((at + (event.shiftKey ? -1 : 1)) % all.length)!;
  };
  return (
    <search class="search">
      <input
        type="search"
        placeholder="Search nodes"
        aria-label="Search nodes by name or operator"
        value={text}
        onInput={search}
        onKeyDown={next}
      />
      <span class="quiet" role="status">
        {found.value && `${found.value.size} found`}
      </span>
    </search>
  );
}

const nodesWith = (text: string, { nodes }: Drawing): ReadonlySet<number> =>
  new Set(
    nodes.flatMap(({ name, op, summary }, i) =>
      [name, op, summary].some((part) => part.toLowerCase().includes(text)) ? [i] : [],
    ),
  );
