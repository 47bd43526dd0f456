import type { ComponentChildren } from 'preact';

/** A tab. */
export interface Tab {
  readonly name: string;
  readonly title: string;
  /** A small text behind the title, such as a number. */
  readonly note?: string;
}

/** Properties of {@link TabList}. */
interface TabListProps {
  /** What the tabs are, for screen readers. */
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly selected: string;
  readonly onSelect: (name: string) => void;
  readonly class: string;
}

/** Where keys lead from one tab. */
const moves: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowLeft: (index, count) => (index + count - 1) % count,
  ArrowRight: (index, count) => (index + 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Tabs for {@link TabPanel}s. The arrow keys, Home and End move from tab to tab. */
export function TabList({ label, tabs, selected, onSelect, class: look }: TabListProps) {
  const move = (event: KeyboardEvent) => {
    const index = tabs.findIndex(({ name }) => name === selected);
    const next = moves[event.key]?.(index, tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    onSelect(tabs[next]!.name);
    document.getElementById(`tab-${tabs[next]!.name}`)?.focus();
  };
  return (
    <div class={look} role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ name, title, note }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={name === selected}
          aria-controls={name === selected ? `panel-${name}` : undefined}
          tabIndex={name === selected ? 0 : -1}
          onClick={() => onSelect(name)}
        >
          {title}
          {note !== undefined && <span class="note">{note}</span>}
        </button>
      ))}
    </div>
  );
}

/** What the tab with a name shows. */
export const TabPanel = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}) => (
  <div class="panel" id={`panel-${name}`} role="tabpanel" aria-labelledby={`tab-${name}`}>
    {children}
  </div>
);
