import type { Weights } from '../allocator.ts';
import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import { channelConstants, epilogueKey, writeEpilogue } from '../epilogue.ts';
import type { Fusion } from '../fusions.ts';
import type { Scope, UnitRange } from '../scope.ts';
import { addressOf, FLOAT, LANES } from '../storage.ts';

/**
 * Sums over channels for a few pixels and many filters, in vectors of four filters: y[p, m] = Σ_c Σ_t w[m, c, t] · x[c, p,
 * t]. Used for matrices and for feature maps with rows of fewer than four pixels.
 */
export interface FilterVectors {
  readonly filters: number;
  /** Kernel positions t that some filter uses. */
  readonly taps: number;
  /** For each pixel and kernel position, the offset from the channel's address, in bytes; null outside the input. */
  readonly offsets: readonly (readonly (number | null)[])[];
  readonly channels: number;
  weight(filter: number, channel: number, tap: number): number;
  /** Whether a filter has non-zero weights at a kernel position; default: at every one. */
  uses?(filter: number, tap: number): boolean;
  /** [filters]. */
  readonly bias: Float32Array | null;
  readonly fusion: Fusion;
  /** Index of the first of these filters in the channel constants of the fusion; default 0. */
  readonly firstFilter?: number;
}

/** Addresses of one call, in bytes. */
export interface FilterVectorsCall {
  /** Addresses of the channels: a table, or the first and the distance between them. */
  readonly input: { readonly table: number } | { readonly first: number; readonly stride: number };
  /** The address of the result of a filter and pixel. */
  outputs(filter: number, pixel: number): number;
  residual: ((filter: number, pixel: number) => number) | null;
}

/** For each kernel position, the vectors of a block with a filter that uses it. */
type Keepers = readonly (readonly number[])[];

/** Weights and constants in the order in which the code of a block reads them. */
export interface PackedFilters {
  readonly shape: FilterVectors;
  readonly blocks: readonly {
    readonly filters: readonly number[];
    readonly keepers: Keepers;
    readonly weights: Weights;
    readonly constants: Weights;
  }[];
}

/** Registers available for sums. */
const REGISTERS = 12;

export function packFilters(shape: FilterVectors, scope: Scope): PackedFilters {
  const vectors = Math.max(1, Math.min(8, Math.floor(REGISTERS / shape.offsets.length)));
  const needed = Math.ceil(shape.filters / LANES);
  const count = Math.ceil(needed / vectors);
  const order = bySkeleton(shape);
  const blocks = Array.from({ length: count }, (_, b) => {
    const [from, to] = [Math.floor((b * needed) / count), Math.floor(((b + 1) * needed) / count)];
    const filters = order.slice(from * LANES, to * LANES);
    return { filters, ...packBlock(shape, filters, scope) };
  });
  return { shape, blocks };
}

/**
 * Filters in such an order that those of a vector use similar kernel positions: sorted by the positions they use, of which
 * those that most pixels read come first.
 */
function bySkeleton({ filters, taps, offsets, uses }: FilterVectors): number[] {
  const readers = (t: number): number => offsets.filter((ofPixel) => (ofPixel[t] ?? null) !== null).length;
  const positions = Array.from({ length: taps }, (_, t) => t).sort((a, b) => readers(b) - readers(a));
  const keyed = Array.from({ length: filters }, (_, m) => ({
    m,
    key: positions.map((t) => ((uses?.(m, t) ?? true) ? '1' : '0')).join(''),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0)).map(({ m }) => m);
}

function keepersOf({ taps, uses }: FilterVectors, filters: readonly number[]): Keepers {
  const vectors = Array.from({ length: vectorCount(filters) }, (_, v) => v);
  const members = (v: number): readonly number[] => filters.slice(v * LANES, (v + 1) * LANES);
  return Array.from({ length: taps }, (_, t) =>
    vectors.filter((v) => members(v).some((m) => uses?.(m, t) ?? true)),
  );
}

const vectorCount = (filters: readonly number[]): number => Math.ceil(filters.length / LANES);

function packBlock(shape: FilterVectors, filters: readonly number[], scope: Scope) {
  const lanes = vectorCount(filters) * LANES;
  const keepers = keepersOf(shape, filters);
  const packed = new Float32Array(shape.channels * keepers.flat().length * LANES);
  let at = 0;
  for (let c = 0; c < shape.channels; c++) {
    keepers.forEach((vectors, t) => {
      for (const v of vectors) {
        filters.slice(v * LANES, (v + 1) * LANES).forEach((m, lane) => {
          packed[at + lane] = shape.weight(m, c, t);
        });
        at += LANES;
      }
    });
  }
  const { firstFilter = 0 } = shape;
  const ofFilters = channelConstants(shape.fusion).map((data) => data.subarray(firstFilter));
  const constants = [shape.bias, ...ofFilters].flatMap((data) =>
    Array.from({ length: lanes }, (_, lane) => data?.[filters[lane] ?? -1] ?? 0),
  );
  return { keepers, weights: scope.weights(packed), constants: scope.weights(Float32Array.from(constants)) };
}

/** Writes the calls that compute the filters of some blocks at all pixels. */
export function callFilterVectors(
  code: Code,
  emitter: Emitter,
  {
    packed: { shape, blocks },
    call,
    units,
  }: { readonly packed: PackedFilters; readonly call: FilterVectorsCall; readonly units: UnitRange },
): void {
  const { input } = call;
  const stride = 'stride' in input ? input.stride : null;
  const pixels = shape.offsets.map((_, p) => p);
  for (const { filters, keepers, weights, constants } of blocks.slice(units.from, units.to)) {
    const made = emitter.kernel(
      `filters ${filters.length} ${JSON.stringify([shape.offsets, keepers])} ${shape.channels} ${stride} ${call.residual !== null} ${epilogueKey(shape.fusion)}`,
      { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
      (body, [from, packedWeights, numbers, output, residual]) =>
        writeBlock(body, emitter, {
          shape,
          filters: filters.length,
          keepers,
          stride,
          pointers: { from, packedWeights, numbers, output, residual: call.residual ? residual : null },
        }),
    );
    code.i32('table' in input ? input.table : input.first);
    code.i32(addressOf(weights));
    code.i32(addressOf(constants));
    code.i32(emitter.table(pixels.flatMap((p) => filters.map((m) => call.outputs(m, p)))));
    const { residual } = call;
    code.i32(residual ? emitter.table(pixels.flatMap((p) => filters.map((m) => residual(m, p)))) : 0);
    code.call(made.index);
  }
}

interface FilterVectorCode {
  readonly shape: FilterVectors;
  readonly filters: number;
  readonly keepers: Keepers;
  readonly stride: number | null;
  readonly pointers: {
    readonly from: Local<'i32'>;
    readonly packedWeights: Local<'i32'>;
    readonly numbers: Local<'i32'>;
    readonly output: Local<'i32'>;
    readonly residual: Local<'i32'> | null;
  };
}

function writeBlock(
  code: Code,
  emitter: Emitter,
  { shape, filters, keepers, stride, pointers }: FilterVectorCode,
): void {
  const vectors = Math.ceil(filters / LANES);
  const { from, packedWeights, numbers, output, residual } = pointers;
  const sums = shape.offsets.map(() => Array.from({ length: vectors }, () => code.local('v128')));
  const factors = Array.from({ length: vectors }, () => code.local('v128'));
  const [pixel, channel, address, place] = [
    code.local('v128'),
    code.local('i32'),
    code.local('i32'),
    code.local('i32'),
  ];
  const vectorBytes = LANES * FLOAT;
  for (const row of sums)
    row.forEach((sum, v) => {
      code.get(numbers);
      code.memory('v128.load', v * vectorBytes);
      code.set(sum);
    });
  code.i32(0);
  code.set(channel);
  code.repeatWhile(() => {
    code.get(from);
    if (stride === null) code.memory('i32.load');
    code.set(address);
    let read = 0;
    keepers.forEach((kept, t) => {
      for (const v of kept) {
        const factor = factors[v];
        if (!factor) continue;
        code.get(packedWeights);
        code.memory('v128.load', read);
        code.set(factor);
        read += vectorBytes;
      }
      if (kept.length === 0) return;
      shape.offsets.forEach((taps, p) => {
        const offset = taps[t] ?? null;
        if (offset === null) return;
        code.get(address);
        code.memory('v128.load32_splat', offset);
        code.set(pixel);
        for (const v of kept) {
          const [factor, sum] = [factors[v], sums[p]?.[v]];
          if (factor && sum) code.multiplyAdd(pixel, factor, sum);
        }
      });
    });
    code.increment(packedWeights, read);
    code.increment(from, stride ?? 4);
    code.increment(channel, 1);
    code.get(channel);
    code.i32(shape.channels);
    code.op('i32.lt_u');
  });
  sums.forEach((row, p) => {
    row.forEach((vector, v) => {
      const lanes = Math.min(LANES, filters - v * LANES);
      const entry = (lane: number) => 4 * (p * filters + v * LANES + lane);
      if (residual) addLanes(code, { table: residual, vector, lanes, entry });
      writeEpilogue(code, emitter, {
        fusion: shape.fusion,
        vector,
        pushConstant: (index) => {
          code.get(numbers);
          code.memory('v128.load', ((1 + index) * vectors + v) * vectorBytes);
        },
      });
      for (let lane = 0; lane < lanes; lane++) {
        code.get(output);
        code.memory('i32.load', entry(lane));
        code.set(place);
        code.get(place);
        code.get(vector);
        code.lane('v128.store32_lane', lane);
      }
    });
  });
}

/** vector ← vector + the four floats at the addresses in a table. */
function addLanes(
  code: Code,
  {
    table,
    vector,
    lanes,
    entry,
  }: {
    readonly table: Local<'i32'>;
    readonly vector: Local<'v128'>;
    readonly lanes: number;
    entry(lane: number): number;
  },
): void {
  const loaded = code.local('v128');
  for (let lane = 0; lane < lanes; lane++) {
    code.get(table);
    code.memory('i32.load', entry(lane));
    if (lane > 0) code.get(loaded);
    if (lane === 0) code.memory('v128.load32_zero');
    else code.lane('v128.load32_lane', lane);
    code.set(loaded);
  }
  code.get(vector);
  code.get(loaded);
  code.op('f32x4.add');
  code.set(vector);
}

/** Splits a range of units over several calls, whose units are numbered consecutively. */
export function shareUnits<T>(
  calls: readonly T[],
  countOf: (call: T) => number,
  units: UnitRange,
): { readonly call: T; readonly units: UnitRange }[] {
  let first = 0;
  return calls.flatMap((call) => {
    const own = { from: Math.max(0, units.from - first), to: Math.min(countOf(call), units.to - first) };
    first += countOf(call);
    return own.from < own.to ? [{ call, units: own }] : [];
  });
}
