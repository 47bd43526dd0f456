import type { Code, Local } from '../encoder/code.ts';
import type { Step } from '../scope.ts';
import { addressOf, FLOAT, type Geometry, isFlat, type Planes } from '../storage.ts';
import { buffersOf } from './kernel.ts';
import { walkPlanes } from './walk-planes.ts';

/** Copies planes of equal size from one layout to another. */
export function writeCopies(name: string, from: Planes, to: Planes): Step {
  return {
    name,
    op: 'Copy',
    kernel: 'copy',
    macs: 0,
    reads: buffersOf(from.planes),
    writes: buffersOf(to.planes),
    emit(code, emitter) {
      const kernel = emitter.kernel(
        `copy ${layoutKey(from.geometry)} ${layoutKey(to.geometry)}`,
        { parameters: ['i32', 'i32', 'i32'] },
        (body, [source, target, end]) =>
          copyPlanes(body, { source, target, end }, [from.geometry, to.geometry]),
      );
      const source = emitter.table(from.planes.map(addressOf));
      code.i32(source);
      code.i32(emitter.table(to.planes.map(addressOf)));
      code.i32(source + 4 * from.planes.length);
      code.call(kernel.index);
    },
  };
}

const layoutKey = (geometry: Geometry): string =>
  `${geometry.height}×${geometry.width}/${geometry.rowStride}`;

interface Tables {
  readonly source: Local<'i32'>;
  readonly target: Local<'i32'>;
  readonly end: Local<'i32'>;
}

function copyPlanes(
  code: Code,
  { source, target, end }: Tables,
  [from, to]: readonly [Geometry, Geometry],
): void {
  const isWhole = isFlat(from) && isFlat(to);
  const rows = isWhole ? 1 : from.height;
  const bytes = FLOAT * (isWhole ? from.height * from.width : from.width);
  const [input, output, row] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const cursors = [
    { at: source, plane: input },
    { at: target, plane: output },
  ];
  walkPlanes(code, { cursors, at: source, end }, () => {
    code.i32(rows);
    code.set(row);
    code.repeatWhile(() => {
      code.get(output);
      code.get(input);
      code.i32(bytes);
      code.copyMemory();
      code.increment(input, FLOAT * from.rowStride);
      code.increment(output, FLOAT * to.rowStride);
      code.increment(row, -1);
      code.get(row);
    });
  });
}
