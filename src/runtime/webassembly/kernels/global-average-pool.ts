import type { Code, Local } from '../encoder/code.ts';
import { addressOf, FLOAT, type Geometry, isFlat, LANES } from '../storage.ts';
import { buffersOf, type KernelRow } from './kernel.ts';
import { countUp } from './loops.ts';
import { gridOf } from './pixel-vectors.ts';
import { walkPlanes } from './walk-planes.ts';

/** The mean of each plane. */
export const globalAveragePoolRow: KernelRow = {
  lower({ node, fusion, scope }) {
    const [input] = node.inputs;
    if (!input) return;
    const x = scope.planes(input);
    const y = scope.newDense(fusion.output);
    scope.step({
      name: node.name,
      op: node.op,
      kernel: 'mean',
      macs: 0,
      reads: buffersOf(x.planes),
      writes: [y.buffer],
      units: x.planes.length,
      emit(code, emitter, { from, to }) {
        const { height, width, rowStride } = x.geometry;
        const made = emitter.kernel(
          `mean ${height} ${width} ${rowStride}`,
          { parameters: ['i32', 'i32', 'i32'] },
          (body, [input, end, output]) => writeMeans(body, x.geometry, { input, end, output }),
        );
        const table = emitter.table(x.planes.map(addressOf));
        code.i32(table + 4 * from);
        code.i32(table + 4 * to);
        code.i32(addressOf(y) + FLOAT * from);
        code.call(made.index);
      },
    });
  },
};

interface Pointers {
  /** The start and end of the table of plane addresses. */
  readonly input: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly output: Local<'i32'>;
}

function writeMeans(code: Code, geometry: Geometry, { input, end, output }: Pointers): void {
  const isShort = geometry.height * geometry.width <= 256;
  const grid = gridOf(geometry, isShort && isFlat(geometry));
  const [plane, row, sums, sum] = [
    code.local('i32'),
    code.local('i32'),
    code.local('v128'),
    code.local('f32'),
  ];
  const [vectors, rest] = [Math.floor(grid.columns / LANES), grid.columns % LANES];
  const cursors = [
    { at: output, bytes: FLOAT },
    { at: input, plane },
  ];
  walkPlanes(code, { cursors, at: input, end }, () => {
    code.f32x4(0);
    code.set(sums);
    code.f32(0);
    code.set(sum);
    countUp(code, row, grid.rows, () => {
      for (let v = 0; v < vectors; v++) {
        code.get(plane);
        code.memory('v128.load', v * LANES * FLOAT);
        code.get(sums);
        code.op('f32x4.add');
        code.set(sums);
      }
      for (let i = vectors * LANES; i < vectors * LANES + rest; i++) {
        code.get(plane);
        code.memory('f32.load', i * FLOAT);
        code.get(sum);
        code.op('f32.add');
        code.set(sum);
      }
      code.increment(plane, FLOAT * geometry.rowStride);
    });
    code.get(output);
    code.get(sum);
    for (let lane = 0; lane < LANES; lane++) {
      code.get(sums);
      code.extractLane(lane);
      code.op('f32.add');
    }
    code.f32(1 / (geometry.height * geometry.width));
    code.op('f32.mul');
    code.memory('f32.store');
  });
}
