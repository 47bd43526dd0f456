import type { Code, Local } from '../encoder/code.ts';

/** A pointer that is advanced for each plane. */
export interface Cursor {
  readonly at: Local<'i32'>;
  /** Bytes per plane; default: the size of an address in a table. */
  readonly bytes?: number;
  /** If the cursor is in a table of addresses: receives the address of the current plane. */
  readonly plane?: Local<'i32'>;
}

/** Writes a loop that advances all cursors after its body, in their order, until `at` reaches `end`. */
export function walkPlanes(
  code: Code,
  {
    cursors,
    at,
    end,
  }: { readonly cursors: readonly Cursor[]; readonly at: Local<'i32'>; readonly end: Local<'i32'> },
  body: () => void,
): void {
  code.repeatWhile(() => {
    for (const { at: table, plane } of cursors) if (plane) loadAddress(code, plane, table);
    body();
    for (const { at: cursor, bytes = 4 } of cursors) code.increment(cursor, bytes);
    code.get(at);
    code.get(end);
    code.op('i32.ne');
  });
}

/** Loads the address of a plane from a table. */
export function loadAddress(code: Code, plane: Local<'i32'>, table: Local<'i32'>): void {
  code.get(table);
  code.memory('i32.load');
  code.set(plane);
}
