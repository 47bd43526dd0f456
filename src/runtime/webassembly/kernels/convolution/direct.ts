import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { channelConstants, epilogueKey, writeEpilogue } from '../../epilogue.ts';
import type { Fusion } from '../../fusions.ts';
import type { Scope, Step } from '../../scope.ts';
import { addressOf, evenStride, FLOAT, LANES, type Plane, type Planes } from '../../storage.ts';
import { type Tile, type TiledLayer, tileName } from '../../tile.ts';
import { buffersOf } from '../kernel.ts';
import { loadPixels } from '../load-pixels.ts';
import {
  allFlat,
  gridOf,
  type PixelGrid,
  vectorsOf,
  type Walked,
  walkedBy,
  walkPixels,
} from '../pixel-vectors.ts';
import {
  type FilterBlock,
  filterBlocks,
  livingWeights,
  packWeights,
  planWeights,
  type WeightPlan,
} from './filter-blocks.ts';
import type { ConvolutionShape } from './read.ts';

/** Where every weight is multiplied alone: many pixels for each. */
const SPARSE: Tile = { filters: 1, vectors: 8 };

/** A convolution with the storage of its operands. */
export interface PlacedConvolution {
  readonly conv: ConvolutionShape;
  readonly x: Planes;
  readonly y: Planes;
  readonly residual: Planes | null;
  readonly fusion: Fusion;
  /** Filters whose results are planes of the input. */
  readonly carried: ReadonlySet<number>;
}

/** Whether four pixels of the output lie in a row. */
export const isDirect = (placed: PlacedConvolution): boolean => pixelGrid(placed).columns >= LANES;

/**
 * y = epilogue(x ⋆ W + b + residual): registers hold a tile of filters × vectors of four pixels; for each channel straight
 * code loads the pixels of every position that a filter of the block keeps and multiplies them by the weights that are not
 * zero. Weights stand in the order in which they are read.
 */
export function directConvolution(placed: PlacedConvolution, scope: Scope): Step {
  const { conv, x, y, residual, fusion, carried } = placed;
  const plan = planWeights(conv);
  const isSparse = plan.isLone.every((channels) => channels.every(Boolean));
  const tile = isSparse ? SPARSE : scope.chooseTile(tiledLayer(placed, plan));
  const blocks = Array.from({ length: conv.group }, (_, group) =>
    filterBlocks(conv, group, { size: tile.filters, plan, except: carried }).map((block) =>
      prepare({ placed, block, group }, scope),
    ),
  ).flat();
  const images = y.planes.length / conv.filters;
  const grid = pixelGrid(placed);
  return {
    name: conv.name,
    op: 'Conv',
    kernel: `direct ${tileName(tile)}`,
    macs:
      images * grid.rows * grid.columns * blocks.reduce((sum, { block }) => sum + livingWeights(block), 0),
    reads: [...buffersOf(x.planes), ...(residual ? buffersOf(residual.planes) : [])],
    writes: buffersOf(y.planes),
    units: images * blocks.length,
    emit(code, emitter, { from, to }) {
      for (let unit = from; unit < to; unit++) {
        const block = blocks[unit % blocks.length];
        const image = Math.floor(unit / blocks.length);
        if (block) callBlock(code, emitter, { placed, block, image, vectors: tile.vectors, fusion });
      }
    },
  };
}

/** The layer as its tile is chosen. */
function tiledLayer(placed: PlacedConvolution, { living, isLone }: WeightPlan): TiledLayer {
  const { conv, x, y, residual, fusion, carried } = placed;
  const { name, channels, group, kernel, strides, dilations, pads } = conv;
  const lone = isLone.map((channels) => channels.filter(Boolean).length);
  const shapes = living.map((positions) => BigInt(`0b${positions.map(Number).join('')}`).toString(36));
  return {
    name,
    key: JSON.stringify([
      { channels, group, kernel, strides, dilations, pads, lone, carried: carried.size },
      [x, y, residual].map((map) => map?.geometry),
      epilogueKey(fusion),
      shapes,
    ]),
    filters: conv.filters / group,
    vectors: vectorsOf(pixelGrid(placed)),
  };
}

/** One long row where all maps lie without gaps and the kernel is a point. */
function pixelGrid({ conv, x, y, residual }: PlacedConvolution): PixelGrid {
  const isPoint = conv.kernel.every((size) => size === 1) && conv.pads.every((pad) => pad === 0);
  const isWhole =
    isPoint &&
    conv.strides.every((stride) => stride === 1) &&
    allFlat(x.geometry, y.geometry, ...(residual ? [residual.geometry] : []));
  return gridOf(y.geometry, isWhole);
}

/** A block with its weights placed. */
interface PreparedBlock {
  readonly block: FilterBlock;
  readonly group: number;
  /** Channels in the order in which they are read; null repeats some channel with weights of zero. */
  readonly channels: readonly (number | null)[];
  /** Channels in each turn of the loop. */
  readonly unroll: number;
  readonly weights: { readonly buffer: { readonly offset: number }; readonly start: number };
  /** Bias and channel constants of the epilogue, by filter; then the lone weights. */
  readonly constants: { readonly buffer: { readonly offset: number }; readonly start: number };
}

function prepare(
  {
    placed: { conv, fusion },
    block,
    group,
  }: {
    readonly placed: PlacedConvolution;
    readonly block: FilterBlock;
    readonly group: number;
  },
  scope: Scope,
): PreparedBlock {
  const unroll = unrolling(block);
  const { length } = block.channels;
  const padding = new Array<null>(Math.ceil(length / unroll) * unroll - length).fill(null);
  const channels = [...block.channels, ...padding];
  const constants = [conv.bias, ...channelConstants(fusion)].flatMap((data) =>
    block.filters.map((m) => data?.[m] ?? 0),
  );
  const lone = block.lone.flat().map(({ weight }) => weight);
  return {
    block,
    group,
    channels,
    unroll,
    weights: scope.weights(packWeights(conv, block, channels)),
    constants: scope.weights(Float32Array.from([...constants, ...lone])),
  };
}

/** Enough multiply-adds in each turn that the loop itself costs little. */
function unrolling({ stripes, channels }: FilterBlock): number {
  const wanted = Math.min(4, Math.max(1, Math.floor(24 / Math.max(1, stripes))));
  const fitting = [4, 3, 2, 1].find((count) => count <= wanted && channels.length % count === 0) ?? 1;
  return channels.length >= 8 * wanted ? wanted : fitting;
}

interface BlockCall {
  readonly placed: PlacedConvolution;
  readonly block: PreparedBlock;
  readonly image: number;
  readonly vectors: number;
  readonly fusion: Fusion;
}

function callBlock(code: Code, emitter: Emitter, call: BlockCall): void {
  const { placed, block: prepared, image } = call;
  const { conv, x, y, residual } = placed;
  const { block, group, channels } = prepared;
  const first = (image * conv.group + group) * conv.channels;
  const inputOf = (c: number | null): Plane | undefined => x.planes[first + (c ?? block.channels[0] ?? 0)];
  const inputs = channels.flatMap((c) => inputOf(c) ?? []);
  const outputs = (map: Planes) =>
    block.filters.map((m) => map.planes[image * conv.filters + m]).flatMap((plane) => plane ?? []);
  const stride = channels.includes(null) ? null : evenStride(inputs);
  const shape = shapeOf(call, stride);
  const kernel = emitter.kernel(
    `conv ${JSON.stringify(shape)} ${epilogueKey(call.fusion)}`,
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (body, [input, end, weights, constants, output, residualTable, lone]) =>
      writeKernel(body, emitter, {
        shape,
        fusion: call.fusion,
        pointers: { input, end, weights, constants, output, residual: residualTable, lone },
      }),
  );
  const [head] = inputs;
  const input = stride === null ? emitter.table(inputs.map(addressOf)) : head ? addressOf(head) : 0;
  code.i32(input);
  code.i32(input + inputs.length * (stride ?? 4));
  code.i32(prepared.weights.buffer.offset + prepared.weights.start);
  code.i32(prepared.constants.buffer.offset + prepared.constants.start);
  code.i32(emitter.table(outputs(y).map(addressOf)));
  code.i32(residual ? emitter.table(outputs(residual).map(addressOf)) : 0);
  code.i32(shape.isLone ? emitter.table(loneTable(call, first)) : 0);
  code.call(kernel.index);
}

/** For each filter the number of its lone weights, and for each of those the address of what it is multiplied by. */
function loneTable({ placed: { conv, x }, block: { block } }: BlockCall, first: number): number[] {
  return block.lone.flatMap((list) => [
    list.length,
    ...list.map(({ channel, position }) => {
      const plane = x.planes[first + channel];
      return (plane ? addressOf(plane) : 0) + firstOffset(conv, x) + tapOffset(conv, x, position);
    }),
  ]);
}

/** From a plane's element (0, 0) to the first that the kernel reads, in bytes. */
const firstOffset = ({ pads }: ConvolutionShape, { geometry }: Planes): number =>
  -FLOAT * (pads[0] * geometry.rowStride + pads[1]);

/** From there to the element of a kernel position, in bytes. */
const tapOffset = ({ kernel, dilations }: ConvolutionShape, { geometry }: Planes, position: number): number =>
  FLOAT *
  (Math.floor(position / kernel[1]) * dilations[0] * geometry.rowStride +
    (position % kernel[1]) * dilations[1]);

/** Everything that the code of a block depends on. */
interface KernelShape {
  readonly filters: number;
  readonly vectors: number;
  readonly unroll: number;
  /** In the order of reading: the offset in the input, the filters that keep it. */
  readonly taps: readonly { readonly offset: number; readonly keepers: readonly number[] }[];
  readonly first: number;
  /** Whether some weights are multiplied one by one. */
  readonly isLone: boolean;
  readonly columnStride: number;
  readonly grid: PixelGrid;
  readonly maps: { readonly input: Walked; readonly output: Walked; readonly residual: Walked | null };
  /** From plane to plane of the input, in bytes; null where their addresses stand in a table. */
  readonly planeStride: number | null;
}

function shapeOf(
  { placed, block: { block, unroll }, vectors }: BlockCall,
  planeStride: number | null,
): KernelShape {
  const { conv, x, y, residual } = placed;
  const grid = pixelGrid(placed);
  return {
    filters: block.filters.length,
    vectors: Math.min(vectors, vectorsOf(grid)),
    unroll,
    taps: block.positions.map(({ position, keepers }) => ({
      offset: tapOffset(conv, x, position),
      keepers,
    })),
    first: firstOffset(conv, x),
    isLone: block.lone.some((list) => list.length > 0),
    columnStride: conv.strides[1],
    grid,
    maps: {
      input: walkedBy(x.geometry, conv.strides),
      output: walkedBy(y.geometry),
      residual: residual && walkedBy(residual.geometry),
    },
    planeStride,
  };
}

interface Pointers {
  readonly input: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly weights: Local<'i32'>;
  readonly constants: Local<'i32'>;
  readonly output: Local<'i32'>;
  readonly residual: Local<'i32'>;
  readonly lone: Local<'i32'>;
}

interface Written {
  readonly shape: KernelShape;
  readonly fusion: Fusion;
  readonly pointers: Pointers;
}

function writeKernel(code: Code, emitter: Emitter, written: Written): void {
  const { shape, pointers } = written;
  const { input, output, residual } = shape.maps;
  const sums = Array.from({ length: shape.filters }, () =>
    Array.from({ length: shape.vectors }, () => code.local('v128')),
  );
  const maps = [input, output, ...(residual ? [residual] : [])];
  walkPixels(code, { grid: shape.grid, count: shape.vectors, maps }, ([from = [], to = [], added = []]) => {
    startSums(code, sums, { pointers, added });
    if (shape.isLone) addLone(code, sums, { written, from });
    if (shape.taps.length > 0) sumChannels(code, sums, { shape, pointers, from });
    storeSums(code, emitter, { written, sums, to });
  });
}

type Sums = readonly (readonly Local<'v128'>[])[];

/** Bias, and what is added to the result. */
function startSums(
  code: Code,
  sums: Sums,
  { pointers, added }: { readonly pointers: Pointers; readonly added: readonly Local<'i32'>[] },
): void {
  const plane = code.local('i32');
  sums.forEach((vectors, f) => {
    const [head] = vectors;
    if (!head) return;
    code.get(pointers.constants);
    code.memory('v128.load32_splat', f * FLOAT);
    code.set(head);
    for (const vector of vectors.slice(1)) {
      code.get(head);
      code.set(vector);
    }
    if (added.length === 0) return;
    code.get(pointers.residual);
    code.memory('i32.load', 4 * f);
    code.set(plane);
    vectors.forEach((vector, v) => {
      const offset = added[v];
      if (!offset) return;
      code.get(plane);
      code.get(offset);
      code.op('i32.add');
      code.memory('v128.load');
      code.get(vector);
      code.op('f32x4.add');
      code.set(vector);
    });
  });
}

function sumChannels(
  code: Code,
  sums: Sums,
  {
    shape,
    pointers,
    from,
  }: {
    readonly shape: KernelShape;
    readonly pointers: Pointers;
    readonly from: readonly Local<'i32'>[];
  },
): void {
  const { unroll, taps, planeStride, first, columnStride } = shape;
  const [channel, weight] = [code.local('i32'), code.local('i32')];
  const addresses = from.map(() => code.local('i32'));
  const pixels = from.map(() => code.local('v128'));
  const factor = code.local('v128');
  const setAddresses = (push: () => void) =>
    addresses.forEach((address, v) => {
      const offset = from[v];
      if (!offset) return;
      push();
      code.get(offset);
      code.op('i32.add');
      if (first !== 0) {
        code.i32(first);
        code.op('i32.add');
      }
      code.set(address);
    });
  code.get(pointers.weights);
  code.set(weight);
  code.get(pointers.input);
  code.set(channel);
  if (planeStride !== null) setAddresses(() => code.get(pointers.input));
  const perChannel = taps.reduce((sum, { keepers }) => sum + keepers.length, 0);
  code.repeatWhile(() => {
    for (let u = 0; u < unroll; u++) {
      if (planeStride === null)
        setAddresses(() => {
          code.get(channel);
          code.memory('i32.load', 4 * u);
        });
      let stripe = u * perChannel;
      for (const { offset, keepers } of taps) {
        addresses.forEach((address, v) => {
          const into = pixels[v];
          if (into)
            loadPixels(code, {
              address,
              offset: offset + u * (planeStride ?? 0),
              stride: columnStride,
              into,
            });
        });
        for (const f of keepers) {
          code.get(weight);
          code.memory('v128.load32_splat', FLOAT * stripe++);
          code.set(factor);
          sums[f]?.forEach((sum, v) => {
            const x = pixels[v];
            if (x) code.multiplyAdd(x, factor, sum);
          });
        }
      }
    }
    code.increment(weight, FLOAT * unroll * perChannel);
    if (planeStride !== null) for (const address of addresses) code.increment(address, unroll * planeStride);
    code.increment(channel, unroll * (planeStride ?? 4));
    code.get(channel);
    code.get(pointers.end);
    code.op('i32.ne');
  });
}

/** Adds the products of the lone weights. */
function addLone(
  code: Code,
  sums: Sums,
  { written, from }: { readonly written: Written; readonly from: readonly Local<'i32'>[] },
): void {
  const { shape, pointers, fusion } = written;
  const [entry, weight, count] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const [plane, address] = [code.local('i32'), code.local('i32')];
  const [factor, pixels] = [code.local('v128'), code.local('v128')];
  code.get(pointers.lone);
  code.set(entry);
  code.get(pointers.constants);
  code.i32(FLOAT * shape.filters * (1 + channelConstants(fusion).length));
  code.op('i32.add');
  code.set(weight);
  for (const vectors of sums) {
    code.get(entry);
    code.memory('i32.load');
    code.set(count);
    code.increment(entry, 4);
    code.get(count);
    code.when(() =>
      code.repeatWhile(() => {
        code.get(weight);
        code.memory('v128.load32_splat');
        code.set(factor);
        code.get(entry);
        code.memory('i32.load');
        code.set(plane);
        vectors.forEach((sum, v) => {
          const offset = from[v];
          if (!offset) return;
          code.get(plane);
          code.get(offset);
          code.op('i32.add');
          code.set(address);
          loadPixels(code, { address, offset: 0, stride: shape.columnStride, into: pixels });
          code.multiplyAdd(pixels, factor, sum);
        });
        code.increment(entry, 4);
        code.increment(weight, FLOAT);
        code.increment(count, -1);
        code.get(count);
      }),
    );
  }
}

function storeSums(
  code: Code,
  emitter: Emitter,
  {
    written,
    sums,
    to,
  }: { readonly written: Written; readonly sums: Sums; readonly to: readonly Local<'i32'>[] },
): void {
  const { pointers, fusion, shape } = written;
  const plane = code.local('i32');
  sums.forEach((vectors, f) => {
    code.get(pointers.output);
    code.memory('i32.load', 4 * f);
    code.set(plane);
    vectors.forEach((vector, v) => {
      const offset = to[v];
      if (!offset) return;
      writeEpilogue(code, emitter, {
        fusion,
        vector,
        pushConstant: (index) => {
          code.get(pointers.constants);
          code.memory('v128.load32_splat', FLOAT * ((1 + index) * shape.filters + f));
        },
      });
      code.get(plane);
      code.get(offset);
      code.op('i32.add');
      code.get(vector);
      code.memory('v128.store');
    });
  });
}
