import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { int64s, toNumbers } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { along, type Channels } from './channels.ts';
import { elementwise, stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRules, dimensionsOf, fromStart, liesAlong, rankOf } from './rule.ts';
import type { CouplingScope, KeptChannels } from './scope.ts';

/** Operators that concatenate and split tensors. */
export const concatSplitCouplings = {
  Concat(call, scope) {
    const { node, channels, outputs } = call;
    const axis = fromStart(call.attributes.axis!, rankOf(outputs[0]));
    if (channels.every((carried) => !carried?.axes.includes(axis))) return beside(call, scope, axis);
    const parts = zip(node.inputs, channels).flatMap(
      ([value, carried]) => (value && partOf(value, carried, { call, axis, scope })) ?? [],
    );
    if (parts.length < node.inputs.length) return stay(call, scope);
    return [along(axis, Int32Array.from(parts.flatMap((part) => [...part])))];
  },
  Split(call, scope) {
    const { node, inputs, outputs, channels } = call;
    const [x] = channels;
    const axis = fromStart(call.attributes.axis, rankOf(inputs.x));
    if (!x?.axes.includes(axis)) return outputs.map(() => x ?? null);
    const sizes = outputs.map((value) => Number(dimensionsOf(value)[axis]));
    if (!liesAlong(x, axis) || sizes.some(Number.isNaN)) return stay(call, scope);
    let end = 0;
    const parts = sizes.map((size) => {
      end += size;
      return x.labels.subarray(end - size, end);
    });
    scope.edit(node, (edited, kept, replaceInput) => {
      delete edited.attributes.num_outputs;
      delete edited.attributes.split;
      replaceInput(edited, 1, int64s(parts.map((part) => kept.count(part))));
    });
    return parts.map((labels) => ({ axes: [axis], sizes: [labels.length], labels }));
  },
} satisfies Partial<CouplingRules>;

/** Concatenation along an axis without channels: channels along the other axes are joined, as in a sum. */
function beside(call: CouplingCall<'Concat'>, scope: CouplingScope, axis: number): (Channels | null)[] {
  const isPlain = call.inputs.inputs.every((value, i) => call.channels[i] || value.tensor);
  if (!isPlain)
    return stay(call, scope, `it is combined with a value that has no channels in ${nodeLabel(call.node)}`);
  return [...elementwise(call, scope)].map((carried) => (carried?.axes.includes(axis) ? null : carried));
}

/** The labels of one operand; indices of an operand without channels are pinned. */
function partOf(
  value: Value,
  carried: Channels | null,
  { call, axis, scope }: { call: CouplingCall<'Concat'>; axis: number; scope: CouplingScope },
): Int32Array | null {
  if (carried) return liesAlong(carried, axis) ? carried.labels : null;
  const size = dimensionsOf(value)[axis];
  if (typeof size !== 'number') return null;
  const labels = scope.places(size);
  scope.pin(
    { axes: [axis], sizes: [size], labels },
    `it is concatenated with ${value.name}, which has no channels, in ${nodeLabel(call.node)}`,
  );
  return labels;
}

/** Operators that select or add indices along an axis. */
export const sliceCouplings = {
  Slice(call, scope) {
    const { node, channels } = call;
    const [x] = channels;
    if (!x) return [null];
    const ranges = rangesOf(call);
    if (!ranges) return stay(call, scope);
    if (!ranges.some(({ axis }) => x.axes.includes(axis))) return [x];
    const [range] = ranges;
    if (!range || ranges.length > 1 || !liesAlong(x, range.axis)) return stay(call, scope);
    const places = placesOf(range, x.labels.length);
    const labels = Int32Array.from(places, (place) => x.labels[place]!);
    scope.edit(node, (edited, kept, replaceInput) => {
      becomeGather(edited, range.axis);
      replaceInput(edited, 1, int64s(newPlaces(places, x, kept)));
    });
    return [{ axes: x.axes, sizes: [labels.length], labels }];
  },
  Gather(call, scope) {
    const { node, inputs, outputs, channels } = call;
    const [x] = channels;
    if (!x) return outputs.map(() => null);
    const axis = fromStart(call.attributes.axis, rankOf(inputs.x));
    const indices = inputs.indices.tensor;
    const grown = rankOf(inputs.indices) - 1;
    if (!x.axes.includes(axis))
      return [{ ...x, axes: x.axes.map((other) => (other > axis ? other + grown : other)) }];
    if (indices?.shape.length !== 1 || !liesAlong(x, axis))
      return stay(call, scope, `it is indexed by ${nodeLabel(node)}`);
    const places = toNumbers(indices).map((index) => fromStart(index, x.labels.length));
    const labels = Int32Array.from(places, (place) => x.labels[place]!);
    scope.edit(node, (edited, kept, replaceInput) =>
      replaceInput(edited, 1, int64s(newPlaces(places, x, kept))),
    );
    return [{ axes: [axis], sizes: [labels.length], labels }];
  },
  /** Padding along the channel axis adds channels: zeros that are removed with the channels that they are added to. */
  Pad(call, scope) {
    const { node, inputs, channels, attributes } = call;
    const [x] = channels;
    const given = inputs.pads?.tensor && toNumbers(inputs.pads.tensor);
    if (!x) return [null];
    const rank = rankOf(inputs.x);
    if (!given || inputs.axes || attributes.mode !== 'constant') {
      const spatial =
        given && !inputs.axes && x.axes.every((axis) => given[axis] === 0 && given[axis + rank] === 0);
      return spatial ? [x] : stay(call, scope);
    }
    const padded = x.axes.filter((axis) => given[axis] !== 0 || given[axis + rank] !== 0);
    if (padded.length === 0) return [x];
    const [axis] = padded as [number];
    const [before, behind] = [given[axis]!, given[axis + rank]!];
    if (!liesAlong(x, axis) || before < 0 || behind < 0) return stay(call, scope);
    const [front, back] = [scope.places(before), scope.places(behind)];
    scope.edit(node, (edited, kept, replaceInput) => {
      const pads = [...given];
      [pads[axis], pads[axis + rank]] = [kept.count(front), kept.count(back)];
      replaceInput(edited, 1, int64s(pads));
    });
    const labels = Int32Array.from([...front, ...x.labels, ...back]);
    return [{ axes: [axis], sizes: [labels.length], labels }];
  },
} satisfies Partial<CouplingRules>;

interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** The ranges of a Slice; null if they are computed. */
function rangesOf({ inputs }: CouplingCall<'Slice'>): Range[] | null {
  const [starts, ends, axes, steps] = [inputs.starts, inputs.ends, inputs.axes, inputs.steps].map(listOf);
  if (!starts || !ends || axes === null || steps === null) return null;
  if (steps?.some((step) => !Number.isInteger(step) || step === 0)) return null;
  const rank = rankOf(inputs.x);
  return starts.map((start, i) => ({
    axis: fromStart(axes?.[i] ?? i, rank),
    start,
    end: ends[i]!,
    step: steps?.[i] ?? 1,
  }));
}

/** The numbers of a constant; undefined where it is left out, null where it is computed. */
function listOf(value: Value | null): number[] | null | undefined {
  if (!value) return undefined;
  return value.tensor ? toNumbers(value.tensor) : null;
}

function placesOf({ start, end, step }: Range, length: number): number[] {
  const clamp = (place: number, low: number, high: number) => Math.min(Math.max(place, low), high);
  const from = start < 0 ? start + length : start;
  const to = end < 0 ? end + length : end;
  const places: number[] = [];
  if (step > 0) for (let p = clamp(from, 0, length); p < clamp(to, 0, length); p += step) places.push(p);
  else for (let p = clamp(from, 0, length - 1); p > clamp(to, -1, length - 1); p += step) places.push(p);
  return places;
}

/** The indices of the kept elements among the kept elements of x. */
function newPlaces(places: readonly number[], x: Channels, kept: KeptChannels): number[] {
  const positions = new Map<number, number>();
  x.labels.forEach((label, place) => {
    if (kept.has(label)) positions.set(place, positions.size);
  });
  return places.flatMap((place) => positions.get(place) ?? []);
}

/** Replaces a Slice by a Gather, which can select any indices. */
function becomeGather(slice: Node, axis: number): void {
  slice.op = 'Gather';
  slice.attributes = { axis: { kind: 'int', value: axis } };
  slice.inputs.length = 1;
}
