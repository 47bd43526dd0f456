import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { elementCount } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { reshape, zeros } from './append.ts';
import { dims } from './call.ts';

/**
 * Inserts `gaps[axis]` zeros after every element of each axis. Uses Concat instead of Pad, which takes ten times as long on
 * an axis of size 1 (11 ms against 1 ms for 8 MB).
 */
export function insertZeros(g: Builder, value: Value, gaps: readonly number[]): Value {
  const shape = [...dims(value)];
  let result = value;
  for (const [axis, [size, gap]] of [...zip(dims(value), gaps).entries()].reverse()) {
    if (gap === 0) continue;
    const rows = elementCount(shape.slice(0, axis + 1));
    const inner = elementCount(shape.slice(axis + 1));
    shape[axis] = size * (gap + 1);
    const joined = g.Concat(reshape(g, result, [rows, inner]), zeros(g, [rows, gap * inner], value), {
      axis: 1,
    });
    result = reshape(g, joined, shape);
  }
  return result;
}
