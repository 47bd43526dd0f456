import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** A column of a {@link DataTable}. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What the rows can be sorted by: numbers from the largest on, texts from A on. */
  readonly order?: (row: Row) => number | string;
  readonly align?: 'right';
}

/** Properties of {@link DataTable}. */
interface DataTableProps<Row> {
  /** What the table shows, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

/** A table whose rows can be sorted by the heads of its columns, and again for the opposite order. */
export function DataTable<Row>({ caption, columns, rows }: DataTableProps<Row>) {
  const sorting = useSignal<{ readonly head: string; readonly reversed: boolean } | null>(null);
  const by = columns.find(({ head }) => head === sorting.value?.head);
  const shown = by?.order ? sorted(rows, by.order, sorting.value!.reversed) : rows;
  const sort = ({ head }: Column<Row>) => {
    sorting.value = { head, reversed: sorting.value?.head === head && !sorting.value.reversed };
  };
  return (
    // Wide tables scroll, by keyboard as well.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.head}
                scope="col"
                class={classOf(column)}
                aria-sort={sortOf(column, sorting.value)}
              >
                {column.order ? (
                  <button type="button" class="plain" onClick={() => sort(column)}>
                    {column.head}
                  </button>
                ) : (
                  column.head
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, i) => (
            <tr key={i}>
              {columns.map((column) => (
                <td key={column.head} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const classOf = ({ align }: Pick<Column<never>, 'align'>) => (align === 'right' ? 'number' : undefined);

function sorted<Row>(rows: readonly Row[], order: (row: Row) => number | string, reversed: boolean): Row[] {
  const compare = (a: Row, b: Row): number => {
    const [x, y] = [order(a), order(b)];
    return typeof x === 'number' && typeof y === 'number' ? y - x : String(x).localeCompare(String(y));
  };
  return [...rows].sort((a, b) => (reversed ? compare(b, a) : compare(a, b)));
}

function sortOf<Row>(
  { head, order }: Column<Row>,
  sorting: { readonly head: string; readonly reversed: boolean } | null,
) {
  if (!order || sorting?.head !== head) return undefined;
  return sorting.reversed ? 'ascending' : 'descending';
}
