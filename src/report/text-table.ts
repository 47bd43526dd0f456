import { printableLine } from '../printable.ts';

/** A column: its heading, the text of a row's cell, and the alignment. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** Formats rows as lines of aligned columns, separated by two spaces, for terminals. */
export function textTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell }) => printableLine(cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const pad = (text: string, i: number) =>
    columns[i]!.align === 'right' ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
  const rule = widths.map((width) => '─'.repeat(width));
  return [cells[0]!, rule, ...cells.slice(1)].map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
