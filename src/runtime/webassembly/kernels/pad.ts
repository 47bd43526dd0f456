import { type Node, requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { WeightedTaps } from '../../../graph/resize-taps.ts';
import { elementCount, stridesOf, toNumbers } from '../../../numeric/tensor.ts';
import type { Step } from '../scope.ts';
import { addressOf, type Dense, FLOAT, type Plane, type Planes } from '../storage.ts';
import type { KernelRow } from './kernel.ts';
import { indicesOf, valuesOf } from './placement.ts';
import { resampleStep } from './resample.ts';
import { copyStrided } from './strided-copy.ts';

/** By mode: the index of the element that is copied to index i outside an axis of the given size. */
const sources: Readonly<Record<string, (i: number, size: number) => number>> = {
  edge: (i, size) => Math.min(Math.max(i, 0), size - 1),
  reflect: (i, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const at = ((i % period) + period) % period;
    return Math.min(at, period - at);
  },
  wrap: (i, size) => ((i % size) + size) % size,
};

function tapsOf(node: Node, axis: -1 | -2, source: (i: number, size: number) => number): WeightedTaps {
  const { begins, ends } = paddingOf(node);
  const size = staticShape(requiredInput(node, 0)).at(axis) ?? 1;
  const begin = begins.at(axis) ?? 0;
  return Array.from({ length: begin + size + (ends.at(axis) ?? 0) }, (_, i) => [
    { index: source(i - begin, size), weight: 1 },
  ]);
}

const padsPixels = ({ begins, ends }: Padding): boolean =>
  begins.length >= 3 && [...begins.slice(0, -2), ...ends.slice(0, -2)].every((n) => n === 0);

interface Padding {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly value: number;
}

/** Pad. Added whole planes of zeros share one plane that is never written. */
export const padRow: KernelRow = {
  refuse(node) {
    if (node.inputs.slice(1).some((value) => value && !value.tensor)) return 'its padding is not constant';
    const { mode } = attributesOf(node, 'Pad');
    if (mode === 'constant') return null;
    if (!(mode in sources)) return `its mode is ${mode}`;
    return padsPixels(paddingOf(node)) ? null : `it pads by ${mode} axes other than the last two`;
  },
  shares: (node) => (isPlanar(node, paddingOf(node)) ? valuesOf(node) : []),
  lower({ node, fusion, scope }) {
    const [input] = node.inputs;
    if (!input) return;
    const padding = paddingOf(node);
    const shape = staticShape(fusion.output);
    const source = sources[attributesOf(node, 'Pad').mode];
    if (source) {
      const x = scope.planes(input);
      const [rows, columns] = ([-2, -1] as const).map((axis) => tapsOf(node, axis, source));
      if (rows && columns)
        scope.step(resampleStep(node, { x, y: scope.newPlanes(fusion.output), rows, columns }, scope));
      return;
    }
    if (isPlanar(node, padding)) {
      const place = scope.planes(input);
      const zeros = scope.weights(new Float32Array(place.geometry.planeStride));
      const zero = { ...zeros, start: zeros.start + FLOAT * place.geometry.origin };
      scope.store(
        fusion.output,
        padPlanes(place, { zero, begins: padding.begins, lead: shape.slice(0, -2) }),
      );
      return;
    }
    const own = staticShape(input);
    const to = scope.newDense(fusion.output);
    const strides = stridesOf(shape);
    const inner = padding.begins.map((begin) => Math.max(0, begin));
    const outer = padding.begins.map((begin) => Math.max(0, -begin));
    const kept = own.map(
      (size, axis) => size + Math.min(0, padding.begins[axis] ?? 0) + Math.min(0, padding.ends[axis] ?? 0),
    );
    const sum = (at: readonly number[], by: readonly number[]) =>
      at.reduce((all, i, axis) => all + i * (by[axis] ?? 0), 0);
    scope.step(fill(node, to, padding.value));
    scope.step(
      copyStrided(node, kept, {
        from: { dense: scope.dense(input), offset: sum(outer, stridesOf(own)), strides: stridesOf(own) },
        to: { dense: to, offset: sum(inner, strides), strides },
      }),
    );
  },
};

function paddingOf(node: Node): Padding {
  const [input, pads, value, axes] = node.inputs;
  const rank = input ? staticShape(input).length : 0;
  const amounts = pads?.tensor ? toNumbers(pads.tensor) : [];
  const listed = axes?.tensor ? toNumbers(axes.tensor).map((axis) => (axis + rank) % rank) : null;
  const begins = new Array<number>(rank).fill(0);
  const ends = new Array<number>(rank).fill(0);
  (listed ?? begins.map((_, axis) => axis)).forEach((axis, i, all) => {
    begins[axis] = amounts[i] ?? 0;
    ends[axis] = amounts[all.length + i] ?? 0;
  });
  return { begins, ends, value: value?.tensor ? Number(value.tensor.data[0]) : 0 };
}

/** Whether the padding consists of whole planes of zeros. */
function isPlanar(node: Node, { begins, ends, value }: Padding): boolean {
  const rank = node.inputs[0]?.shape?.length ?? 0;
  const isAxisFree = (axis: number) => begins[axis] === 0 && ends[axis] === 0;
  return (
    rank >= 3 &&
    value === 0 &&
    isAxisFree(rank - 1) &&
    isAxisFree(rank - 2) &&
    [...begins, ...ends].every((n) => n >= 0)
  );
}

function padPlanes(
  place: Planes,
  {
    zero,
    begins,
    lead,
  }: { readonly zero: Plane; readonly begins: readonly number[]; readonly lead: readonly number[] },
): Planes {
  const strides = stridesOf(place.lead);
  const planes = Array.from({ length: elementCount(lead) }, (_, i) => {
    const index = indicesOf(i, lead).map((at, axis) => at - (begins[axis] ?? 0));
    const isInside = index.every((at, axis) => at >= 0 && at < (place.lead[axis] ?? 0));
    const source = index.reduce((sum, at, axis) => sum + at * (strides[axis] ?? 0), 0);
    return (isInside ? place.planes[source] : null) ?? zero;
  });
  return { ...place, lead, planes };
}

/** Sets all elements to one value. */
function fill(node: Node, to: Dense, value: number): Step {
  const count = elementCount(to.shape);
  return {
    name: node.name,
    op: node.op,
    kernel: 'fill',
    macs: 0,
    reads: [],
    writes: [to.buffer],
    emit(code, emitter) {
      const made = emitter.kernel(`fill ${value}`, { parameters: ['i32', 'i32'] }, (body, [at, end]) => {
        body.repeatWhile(() => {
          body.get(at);
          body.f32(value);
          body.memory('f32.store');
          body.increment(at, FLOAT);
          body.get(at);
          body.get(end);
          body.op('i32.ne');
        });
      });
      const start = addressOf(to);
      code.i32(start);
      code.i32(start + FLOAT * count);
      code.call(made.index);
    },
  };
}
