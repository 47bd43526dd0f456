import { shownView } from '../state.ts';
import { views } from '../views.ts';

/** Where the keys of a tab list lead from one tab. */
const moves: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowLeft: (index, count) => (index + count - 1) % count,
  ArrowRight: (index, count) => (index + 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** The tabs of the views. The arrow keys, Home and End move from tab to tab. */
export function Tabs() {
  const move = (event: KeyboardEvent) => {
    const index = views.findIndex(({ name }) => name === shownView.value);
    const next = moves[event.key]?.(index, views.length);
    if (next === undefined) return;
    event.preventDefault();
    shownView.value = views[next]!.name;
    document.getElementById(`tab-${shownView.value}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={move}>
      {views.map(({ name, title }) => {
        const selected = name === shownView.value;
        return (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={selected}
            aria-controls={selected ? `panel-${name}` : undefined}
            tabIndex={selected ? 0 : -1}
            onClick={() => {
              shownView.value = name;
            }}
          >
            {title}
          </button>
        );
      })}
    </div>
  );
}
