import type { Node } from '../../../graph/graph.ts';
import type { Local } from '../encoder/code.ts';
import type { Step } from '../scope.ts';
import { addressOf, type Dense, type Plane } from '../storage.ts';
import { type LineCode, type Lines, overLines } from './lines.ts';

/** A step that computes lines of y from lines of x. */
export interface LineComputation {
  readonly node: Node;
  /** A description of the computation; with `lines` it determines the code. */
  readonly kernel: string;
  readonly lines: Lines;
  readonly x: Dense;
  readonly y: Dense;
  /** Whether y has one number for each line of x, as in a reduction. */
  readonly folds?: boolean;
  /** Constants with one number for each element of a line. */
  readonly tables?: readonly Plane[];
  write(line: LineCode, pointers: LinePointers): void;
}

interface LinePointers {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly tables: readonly Local<'i32'>[];
}

export function lineStep({
  node,
  kernel,
  lines,
  x,
  y,
  folds = false,
  tables = [],
  write,
}: LineComputation): Step {
  return {
    name: node.name,
    op: node.op,
    kernel,
    macs: 0,
    reads: [x, ...tables].map(({ buffer }) => buffer),
    writes: [y.buffer],
    emit(code, emitter) {
      const made = emitter.kernel(
        `${kernel} ${JSON.stringify(lines)}`,
        { parameters: new Array<'i32'>(2 + tables.length).fill('i32') },
        (body, [from, to, ...tables]) => {
          if (!from || !to) return;
          const pointers = folds ? [from] : [from, to];
          overLines(body, emitter, { lines, pointers, results: folds ? [to] : [] }, (line) =>
            write(line, { from, to, tables }),
          );
        },
      );
      for (const place of [x, y, ...tables]) code.i32(addressOf(place));
      code.call(made.index);
    },
  };
}
