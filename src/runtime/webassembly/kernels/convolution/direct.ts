import { extentOf } from '../../../../graph/window.ts';
import { leastCommonMultiple } from '../../../../numeric/divisors.ts';
import type { Weights } from '../../allocator.ts';
import type { Emitter } from '../../emitter.ts';
import type { Code, Local } from '../../encoder/code.ts';
import { channelConstants, epilogueKey } from '../../epilogue.ts';
import type { Fusion } from '../../fusions.ts';
import type { Scope, Step } from '../../scope.ts';
import { addressOf, evenStride, FLOAT, LANES, type Plane, type Planes } from '../../storage.ts';
import { type Tile, type TiledLayer, tileName } from '../../tile.ts';
import { buffersOf } from '../kernel.ts';
import { countUp } from '../loops.ts';
import { allFlat, gridOf, type PixelGrid, vectorsOf, walkedBy } from '../pixel-vectors.ts';
import { type DirectShape, partialBytes, writeDirectKernel } from './direct-kernel.ts';
import {
  type FilterBlock,
  filterBlocks,
  livingWeights,
  packWeights,
  planWeights,
  type WeightPlan,
} from './filter-blocks.ts';
import type { ConvolutionShape } from './read.ts';

/** The tile for layers whose weights are all multiplied one by one: many pixels per weight. */
const SPARSE: Tile = { filters: 1, vectors: 8 };

/** A convolution with the storage of its operands. */
export interface PlacedConvolution {
  readonly conv: ConvolutionShape;
  readonly x: Planes;
  readonly y: Planes;
  readonly residual: Planes | null;
  readonly fusion: Fusion;
  /** Pass-through filters: their results are planes of the input. */
  readonly carried: ReadonlySet<number>;
}

/** Whether output rows have at least four pixels. */
export const isDirect = (placed: PlacedConvolution): boolean => pixelGrid(placed).columns >= LANES;

/**
 * y = epilogue(x ⋆ W + b + residual). Registers hold a tile of filters × vectors of four pixels. For each channel,
 * straight-line code loads the pixels of every kernel position that a filter of the block uses, and multiplies them by the
 * non-zero weights. Weights are stored in reading order.
 */
export function directConvolution(placed: PlacedConvolution, scope: Scope): Step {
  const { conv, x, y, residual, fusion, carried } = placed;
  const plan = planWeights(conv);
  const isSparse = plan.isLone.every((channels) => channels.every(Boolean));
  const tile = isSparse ? SPARSE : scope.chooseTile(tiledLayer(placed, plan));
  const ordered = Array.from({ length: conv.group }, (_, group) =>
    filterBlocks(conv, group, { size: tile.filters, plan, except: carried }).map((block) =>
      orderChannels(block, group),
    ),
  ).flat();
  const perPass = channelsPerPass(placed, ordered);
  const blocks = prepare({ placed, blocks: ordered, perPass }, scope);
  const images = y.planes.length / conv.filters;
  const grid = pixelGrid(placed);
  const vectors = Math.min(tile.vectors, vectorsOf(grid));
  const passes = passesOf(ordered, perPass);
  const tiles = Math.ceil(vectorsOf(grid) / vectors);
  const perUnit = tiles * partialBytes({ filters: tile.filters, vectors });
  const partial =
    perPass === null ? null : scope.scratch(`${conv.name} (partial sums)`, images * blocks.length * perUnit);
  return {
    name: conv.name,
    op: 'Conv',
    kernel: `direct ${tileName(tile)}${passes > 1 ? ` in ${passes} passes` : ''}`,
    macs:
      images * grid.rows * grid.columns * blocks.reduce((sum, { block }) => sum + livingWeights(block), 0),
    reads: [...buffersOf(x.planes), ...(residual ? buffersOf(residual.planes) : [])],
    writes: [...buffersOf(y.planes), ...(partial ? [partial] : [])],
    units: images * blocks.length,
    emit(code, emitter, { from, to }) {
      const pass = code.local('i32');
      const call = (unit: number): void => {
        const block = blocks[unit % blocks.length];
        const image = Math.floor(unit / blocks.length);
        const place = { pass, partial: partial ? partial.offset + unit * perUnit : 0 };
        if (block) callInPasses(code, emitter, { placed, block, image, vectors, fusion, perPass, ...place });
      };
      countUp(code, pass, passes, () => {
        for (let unit = from; unit < to; unit++) call(unit);
      });
    },
  };
}

/** The properties of the layer on which the choice of its tile depends. */
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

/** The pixel grid of the output: one long row if all feature maps are without gaps and the kernel is 1×1. */
function pixelGrid({ conv, x, y, residual }: PlacedConvolution): PixelGrid {
  const isPoint = conv.kernel.every((size) => size === 1) && conv.pads.every((pad) => pad === 0);
  const isWhole =
    isPoint &&
    conv.strides.every((stride) => stride === 1) &&
    allFlat(x.geometry, y.geometry, ...(residual ? [residual.geometry] : []));
  return gridOf(y.geometry, isWhole);
}

/** A block and the order in which its code reads channels. */
interface OrderedBlock {
  readonly block: FilterBlock;
  readonly group: number;
  /** Channels in reading order; null repeats some channel with zero weights. */
  readonly channels: readonly (number | null)[];
  /** Channels per iteration of the loop. */
  readonly unroll: number;
}

/** A block whose weights have been allocated. */
interface PreparedBlock extends OrderedBlock {
  /** By pass. */
  readonly weights: readonly Weights[];
  /** By filter: bias and channel constants of the epilogue; then the lone weights. */
  readonly constants: Weights;
}

function orderChannels(block: FilterBlock, group: number): OrderedBlock {
  const unroll = unrolling(block);
  const { length } = block.channels;
  const padding = new Array<null>(Math.ceil(length / unroll) * unroll - length).fill(null);
  return { block, group, unroll, channels: [...block.channels, ...padding] };
}

/** Allocates weights in the order in which they are read: pass by pass, block by block. */
function prepare(
  {
    placed: { conv, fusion },
    blocks,
    perPass,
  }: {
    readonly placed: PlacedConvolution;
    readonly blocks: readonly OrderedBlock[];
    readonly perPass: number | null;
  },
  scope: Scope,
): PreparedBlock[] {
  const data = [conv.bias, ...channelConstants(fusion)];
  const passes = Array.from({ length: passesOf(blocks, perPass) }, (_, p) =>
    blocks.map(({ block, channels }) => {
      const read = perPass === null ? channels : channels.slice(p * perPass, (p + 1) * perPass);
      return scope.weights(packWeights(conv, block, read));
    }),
  );
  return blocks.map((ordered, b) => {
    const { filters, lone } = ordered.block;
    const constants = data.flatMap((numbers) => filters.map((m) => numbers?.[m] ?? 0));
    return {
      ...ordered,
      weights: passes.flatMap((ofBlocks) => ofBlocks[b] ?? []),
      constants: scope.weights(Float32Array.from([...constants, ...lone.flat().map(({ weight }) => weight)])),
    };
  });
}

/** Channels per iteration: enough multiply-adds that the overhead of the loop is small. */
function unrolling({ stripes, channels }: FilterBlock): number {
  const wanted = Math.min(4, Math.max(1, Math.floor(24 / Math.max(1, stripes))));
  const fitting = [4, 3, 2, 1].find((count) => count <= wanted && channels.length % count === 0) ?? 1;
  return channels.length >= 8 * wanted ? wanted : fitting;
}

/**
 * Bytes of the pixels and weights that a tile reads in a pass: they stay in the first-level cache, of which 32 kB can be
 * expected. Measured in Chromium: VGG-16 is about equally fast with 10 to 24 kB.
 */
const PASS_BYTES = 16 * 1024;

/**
 * Channels per pass over the pixels, such that the pixels that a tile reads and its weights remain in the first-level cache
 * for the next tile. Null if those of all channels fit.
 */
function channelsPerPass({ conv, x }: PlacedConvolution, blocks: readonly OrderedBlock[]): number | null {
  const { rowStride, planeStride } = x.geometry;
  const window = Math.min(planeStride, extentOf(conv.kernel[0], conv.dilations[0]) * rowStride);
  const stripes = Math.max(...blocks.map(({ block }) => block.stripes));
  const most = Math.max(...blocks.map(({ channels }) => channels.length));
  const passes = Math.ceil((most * FLOAT * (window + stripes)) / PASS_BYTES);
  const unit = blocks.reduce((common, { unroll }) => leastCommonMultiple(common, unroll), 1);
  const pass = Math.ceil(most / passes / unit) * unit;
  return pass < most ? pass : null;
}

const passesOf = (blocks: readonly OrderedBlock[], perPass: number | null): number =>
  perPass === null ? 1 : Math.max(...blocks.map(({ channels }) => Math.ceil(channels.length / perPass)));

interface BlockCall {
  readonly placed: PlacedConvolution;
  readonly block: PreparedBlock;
  readonly image: number;
  readonly vectors: number;
  readonly fusion: Fusion;
  /** Channels per pass; null for a single call. */
  readonly perPass: number | null;
  /** The number of the pass. */
  readonly pass: Local<'i32'>;
  /** Address of the block's sums between passes. */
  readonly partial: number;
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
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (body, [input, end, weights, constants, output, residualTable, lone, partial, pass]) =>
      writeDirectKernel(body, emitter, {
        shape,
        fusion: call.fusion,
        pointers: {
          input,
          end,
          weights,
          constants,
          output,
          residual: residualTable,
          lone,
          partial,
          pass,
        },
      }),
  );
  const [head] = inputs;
  const input = stride === null ? emitter.table(inputs.map(addressOf)) : head ? addressOf(head) : 0;
  code.i32(input);
  code.i32(input + inputs.length * (stride ?? 4));
  pushWeights(code, emitter, call);
  code.i32(addressOf(prepared.constants));
  code.i32(emitter.table(outputs(y).map(addressOf)));
  code.i32(residual ? emitter.table(outputs(residual).map(addressOf)) : 0);
  code.i32(shape.isLone ? emitter.table(loneTable(call, first)) : 0);
  code.i32(call.partial);
  code.get(call.pass);
  code.call(kernel.index);
}

/** Pushes the address of the weights that a pass reads. */
function pushWeights(code: Code, emitter: Emitter, { block: { weights }, perPass, pass }: BlockCall): void {
  const [all] = weights;
  if (perPass === null) {
    code.i32(all ? addressOf(all) : 0);
  } else {
    code.get(pass);
    code.i32(4);
    code.op('i32.mul');
    code.memory('i32.load', emitter.table(weights.map(addressOf)));
  }
}

/** Calls a block in every pass, or only in the first if that reads all of its channels. */
function callInPasses(code: Code, emitter: Emitter, call: BlockCall): void {
  const { perPass, block } = call;
  if (perPass === null || perPass < block.channels.length) {
    callBlock(code, emitter, call);
  } else {
    code.get(call.pass);
    code.op('i32.eqz');
    code.when(() => callBlock(code, emitter, { ...call, perPass: null }));
  }
}

/** For each filter: the number of its lone weights, and the address of the pixels that each is multiplied by. */
function loneTable({ placed: { conv, x }, block: { block } }: BlockCall, first: number): number[] {
  return block.lone.flatMap((list) => [
    list.length,
    ...list.map(({ channel, position }) => {
      const plane = x.planes[first + channel];
      return (plane ? addressOf(plane) : 0) + firstOffset(conv, x) + tapOffset(conv, x, position);
    }),
  ]);
}

/** Offset from a plane's element (0, 0) to the first element that the kernel reads, in bytes. */
const firstOffset = ({ pads }: ConvolutionShape, { geometry }: Planes): number =>
  -FLOAT * (pads[0] * geometry.rowStride + pads[1]);

/** Offset from that first element to the element at a kernel position, in bytes. */
const tapOffset = ({ kernel, dilations }: ConvolutionShape, { geometry }: Planes, position: number): number =>
  FLOAT *
  (Math.floor(position / kernel[1]) * dilations[0] * geometry.rowStride +
    (position % kernel[1]) * dilations[1]);

function shapeOf(
  { placed, block: { block, unroll }, vectors, perPass }: BlockCall,
  planeStride: number | null,
): DirectShape {
  const { conv, x, y, residual } = placed;
  const grid = pixelGrid(placed);
  return {
    filters: block.filters.length,
    vectors,
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
    perPass,
  };
}
