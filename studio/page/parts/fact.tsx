import type { ComponentChildren } from 'preact';

/** Properties of {@link Fact}. */
interface FactProps {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
}

/** A number with its name and a note, in a `<dl class="facts">`. */
export const Fact = ({ name, value, note }: FactProps) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <strong>{value}</strong>
      {note !== undefined && <small>{note}</small>}
    </dd>
  </div>
);
