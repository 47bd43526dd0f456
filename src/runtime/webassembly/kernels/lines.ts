import { elementCount } from '../../../numeric/tensor.ts';
import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import type { Expression } from '../expression.ts';
import { pushExpression } from '../push-expression.ts';
import { FLOAT, LANES } from '../storage.ts';
import { repeat } from './loops.ts';
import { storePixels } from './pixel-vectors.ts';

/** A dense value as lines of `size` elements at a distance of `inner` elements: [outer, size, inner]. */
export interface Lines {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** The lines along the axes from `axis` to `end` (exclusive). */
export const linesOf = (shape: readonly number[], axis: number, end = axis + 1): Lines => ({
  outer: elementCount(shape.slice(0, axis)),
  size: elementCount(shape.slice(axis, end)),
  inner: elementCount(shape.slice(end)),
});

/** How the elements of a line are reduced to one number. */
export interface Fold {
  readonly operation: 'add' | 'mul' | 'max' | 'min';
  /** The contribution of each element; default: the element. */
  readonly of?: (x: Local<'v128'>) => Expression;
}

/** Code for the current line, or for as many neighbouring lines as a vector has lanes. */
export interface LineCode {
  /** Reduces the lines that begin at an address: each lane has the result of its line. */
  fold(from: Local<'i32'>, fold: Fold): Local<'v128'>;
  /** to[i] ← an expression of from[i] and of element i of each table of shape [size]. */
  map(
    places: {
      readonly from: Local<'i32'>;
      readonly to: Local<'i32'>;
      readonly tables?: readonly Local<'i32'>[];
    },
    expression: (x: Local<'v128'>, numbers: readonly Local<'v128'>[]) => Expression,
  ): void;
  compute(expression: Expression): Local<'v128'>;
  /** Stores one number per line. */
  store(to: Local<'i32'>, vector: Local<'v128'>): void;
}

/** The initial value of each reduction. */
const neutral = {
  add: 0,
  mul: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
} as const;

/**
 * Writes loops over lines. `pointers` advance with the lines, and `results` by one number per line. A vector holds
 * neighbouring lines, or neighbouring elements of one line if that line has no gaps.
 */
export function overLines(
  code: Code,
  emitter: Emitter,
  {
    lines: { outer, size, inner },
    pointers,
    results = [],
  }: {
    readonly lines: Lines;
    readonly pointers: readonly Local<'i32'>[];
    readonly results?: readonly Local<'i32'>[];
  },
  body: (line: LineCode) => void,
): void {
  const advance = (locals: readonly Local<'i32'>[], elements: number) => {
    for (const local of locals) code.increment(local, FLOAT * elements);
  };
  const width = Math.min(LANES, inner);
  const line = openLine(code, emitter, { size, inner });
  const lines = () => {
    body(line);
    advance([...pointers, ...results], width);
  };
  repeat(code, outer, () => {
    repeat(code, Math.floor(inner / width), lines);
    // The remaining lines are computed in one more vector, together with some lines before them.
    const rest = inner % width;
    if (rest > 0) {
      advance([...pointers, ...results], rest - width);
      lines();
    }
    advance(pointers, (size - 1) * inner);
  });
}

/** The code of the lines at the pointers. */
function openLine(
  code: Code,
  emitter: Emitter,
  { size, inner }: { readonly size: number; readonly inner: number },
): LineCode {
  const isAlong = inner === 1;
  const step = isAlong ? LANES : inner;
  const [whole, rest] = isAlong ? [Math.floor(size / LANES), size % LANES] : [size, 0];
  /**
   * Visits vectors; only the first `lanes` lanes of each belong to the line. Pointers advance by whole vectors, tables by
   * their numbers.
   */
  const walk = (
    {
      pointers,
      tables = [],
    }: { readonly pointers: readonly Local<'i32'>[]; readonly tables?: readonly Local<'i32'>[] },
    visit: (at: readonly Local<'i32'>[], lanes: number) => void,
  ) => {
    const at = [...pointers, ...tables].map((start) => {
      const local = code.local('i32');
      code.get(start);
      code.set(local);
      return local;
    });
    repeat(code, whole, () => {
      visit(at, LANES);
      at.forEach((local, i) => {
        const isTable = i >= pointers.length;
        code.increment(local, FLOAT * (isTable && !isAlong ? 1 : step));
      });
    });
    if (rest > 0) visit(at, rest);
  };
  const load = (at: Local<'i32'>, isTable = false): Local<'v128'> => {
    const x = code.local('v128');
    code.get(at);
    code.memory(isTable && !isAlong ? 'v128.load32_splat' : 'v128.load');
    code.set(x);
    return x;
  };
  const set = (into: Local<'v128'>, expression: Expression) => {
    pushExpression(code, emitter, expression);
    code.set(into);
  };
  return {
    fold(from, { operation, of = (x) => x }) {
      const sum = code.local('v128');
      const start = neutral[operation];
      set(sum, start);
      walk({ pointers: [from] }, ([at], lanes) => {
        if (!at) return;
        const part = of(load(at));
        const isPart: Expression = ['less', { lanes: [0, 1, 2, 3] }, lanes];
        set(sum, [operation, sum, lanes < LANES ? ['select', part, start, isPart] : part]);
      });
      if (isAlong) {
        for (const order of [
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ] as const) {
          const turned = code.local('v128');
          code.get(sum);
          code.get(sum);
          code.shuffle(order);
          code.set(turned);
          set(sum, [operation, sum, turned]);
        }
      }
      return sum;
    },
    map({ from, to, tables = [] }, expression) {
      const result = code.local('v128');
      walk({ pointers: [from, to], tables }, ([source, target, ...numbers], lanes) => {
        if (!source || !target) return;
        set(
          result,
          expression(
            load(source),
            numbers.map((at) => load(at, true)),
          ),
        );
        storePixels(code, {
          address: target,
          vector: result,
          columns: Math.min(lanes, isAlong ? LANES : inner),
        });
      });
    },
    compute(expression) {
      const result = code.local('v128');
      set(result, expression);
      return result;
    },
    store(to, vector) {
      storePixels(code, { address: to, vector, columns: Math.min(LANES, inner) });
    },
  };
}
