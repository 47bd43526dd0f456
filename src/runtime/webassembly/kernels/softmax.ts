import { staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import { callFunction } from '../functions.ts';
import { elementsOf, FLOAT } from '../storage.ts';
import type { KernelRow } from './kernel.ts';

/** y = e^(x − max x) / Σ e^(x − max x) along one axis. */
export const softmaxRow: KernelRow = {
  lower({ node, fusion, scope }) {
    const [input] = node.inputs;
    if (!input) return;
    const shape = staticShape(input);
    const axis = ((attributesOf(node, 'Softmax').axis ?? -1) + shape.length) % shape.length;
    const [outer, size, inner] = [
      elementsOf(shape.slice(0, axis)),
      shape[axis] ?? 1,
      elementsOf(shape.slice(axis + 1)),
    ];
    const x = scope.dense(input);
    const y = scope.newDense(fusion.output);
    scope.step({
      name: node.name,
      op: node.op,
      kernel: 'softmax',
      macs: 0,
      reads: [x.buffer],
      writes: [y.buffer],
      emit(code, emitter) {
        const made = emitter.kernel(
          `softmax ${outer} ${size} ${inner}`,
          { parameters: ['i32', 'i32'] },
          (body, [from, to]) => writeSoftmax(body, emitter, { from, to, sizes: [outer, size, inner] }),
        );
        code.i32(x.buffer.offset + x.start);
        code.i32(y.buffer.offset + y.start);
        code.call(made.index);
      },
    });
  },
};

interface Written {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly sizes: readonly [outer: number, size: number, inner: number];
}

/** One sequence after the other. */
function writeSoftmax(
  code: Code,
  emitter: Emitter,
  { from, to, sizes: [outer, size, inner] }: Written,
): void {
  const [largest, sum] = [code.local('f32'), code.local('f32')];
  const [at, target, i, o, column] = [
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
  ];
  const stride = FLOAT * inner;
  const along = (start: Local<'i32'>, pointer: Local<'i32'>, body: () => void) => {
    code.get(start);
    code.set(pointer);
    repeat(code, i, size, () => {
      body();
      code.increment(pointer, stride);
      if (pointer === target) code.increment(at, stride);
    });
  };
  repeat(code, o, outer, () => {
    repeat(code, column, inner, () => {
      code.f32(Number.NEGATIVE_INFINITY);
      code.set(largest);
      along(from, at, () => {
        code.get(at);
        code.memory('f32.load');
        code.get(largest);
        code.op('f32.max');
        code.set(largest);
      });
      code.f32(0);
      code.set(sum);
      code.get(from);
      code.set(at);
      const power = code.local('f32');
      along(to, target, () => {
        code.get(at);
        code.memory('f32.load');
        code.get(largest);
        code.op('f32.sub');
        code.op('f32x4.splat');
        callFunction(code, emitter, 'exp');
        code.extractLane(0);
        code.set(power);
        code.get(target);
        code.get(power);
        code.memory('f32.store');
        code.get(sum);
        code.get(power);
        code.op('f32.add');
        code.set(sum);
      });
      along(to, target, () => {
        code.get(target);
        code.get(target);
        code.memory('f32.load');
        code.get(sum);
        code.op('f32.div');
        code.memory('f32.store');
      });
      code.increment(from, FLOAT);
      code.increment(to, FLOAT);
    });
    if (size > 1) {
      code.increment(from, FLOAT * inner * (size - 1));
      code.increment(to, FLOAT * inner * (size - 1));
    }
  });
}

function repeat(code: Code, local: Local<'i32'>, count: number, body: () => void): void {
  code.i32(count);
  code.set(local);
  code.repeatWhile(() => {
    body();
    code.increment(local, -1);
    code.get(local);
  });
}
