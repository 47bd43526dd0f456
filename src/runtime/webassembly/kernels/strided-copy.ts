import type { Node } from '../../../graph/graph.ts';
import type { Code, Local } from '../encoder/code.ts';
import type { Step } from '../scope.ts';
import { addressOf, type Dense, FLOAT } from '../storage.ts';

/** Elements of a dense value: index i is at offset + Σ strides[axis]·i[axis], in elements. */
export interface StridedView {
  readonly dense: Dense;
  readonly offset: number;
  readonly strides: readonly number[];
}

interface CopiedAxis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** to[i] ← from[i] for every index i of a shape. */
export function copyStrided(
  node: Node,
  shape: readonly number[],
  { from, to }: { readonly from: StridedView; readonly to: StridedView },
): Step {
  const axes = mergedAxes(shape, from.strides, to.strides);
  return {
    name: node.name,
    op: node.op,
    kernel: 'copy',
    macs: 0,
    reads: [from.dense.buffer],
    writes: [to.dense.buffer],
    emit(code, emitter) {
      const made = emitter.kernel(
        `strided ${JSON.stringify(axes)}`,
        { parameters: ['i32', 'i32'] },
        (body, pointers) => copyAxes(body, axes, pointers),
      );
      for (const { dense, offset } of [from, to]) code.i32(addressOf(dense) + FLOAT * offset);
      code.call(made.index);
    },
  };
}

/** Merges neighbouring axes that are contiguous in both views. */
function mergedAxes(shape: readonly number[], from: readonly number[], to: readonly number[]): CopiedAxis[] {
  const axes: CopiedAxis[] = [];
  shape.forEach((size, axis) => {
    const own = { size, from: from[axis] ?? 0, to: to[axis] ?? 0 };
    const last = axes.at(-1);
    if (size === 1) return;
    if (last && last.from === own.from * size && last.to === own.to * size)
      axes[axes.length - 1] = { ...own, size: last.size * size };
    else axes.push(own);
  });
  return axes.length > 0 ? axes : [{ size: 1, from: 1, to: 1 }];
}

function copyAxes(
  code: Code,
  [axis, ...inner]: readonly CopiedAxis[],
  [from, to]: readonly [Local<'i32'>, Local<'i32'>],
): void {
  if (!axis) {
    code.get(to);
    code.get(from);
    code.memory('f32.load');
    code.memory('f32.store');
    return;
  }
  if (inner.length === 0 && axis.from === 1 && axis.to === 1) {
    code.get(to);
    code.get(from);
    code.i32(FLOAT * axis.size);
    code.copyMemory();
    return;
  }
  const [source, target, count] = [code.local('i32'), code.local('i32'), code.local('i32')];
  for (const [local, start] of [
    [source, from],
    [target, to],
  ] as const) {
    code.get(start);
    code.set(local);
  }
  code.i32(axis.size);
  code.set(count);
  code.repeatWhile(() => {
    copyAxes(code, inner, [source, target]);
    code.increment(source, FLOAT * axis.from);
    code.increment(target, FLOAT * axis.to);
    code.increment(count, -1);
    code.get(count);
  });
}
