/** A block of sums in registers: filters × vectors of four pixels. */
export interface Tile {
  readonly filters: number;
  readonly vectors: number;
}

/** A convolution whose tile is to be chosen. */
export interface TiledLayer {
  readonly name: string;
  /** Geometry, living stripes and fused operators: layers with equal keys and MACs take the same time. */
  readonly key: string;
  /** Filters that read the same channels. */
  readonly filters: number;
  /** Vectors of pixels in an output feature map. */
  readonly vectors: number;
}

export type ChooseTile = (layer: TiledLayer) => Tile;

/** The candidate tiles. With one vector of pixels per column and one weight, each fits into the 16 registers of x86. */
export const tiles: readonly Tile[] = [
  { filters: 6, vectors: 2 },
  { filters: 5, vectors: 2 },
  { filters: 4, vectors: 2 },
  { filters: 3, vectors: 3 },
  { filters: 2, vectors: 4 },
  { filters: 12, vectors: 1 },
];

export const tileName = ({ filters, vectors }: Tile): string => `${filters}×${vectors}`;

/** The tile with the fewest predicted cycles; of equal ones, the first. */
export const predictTile: ChooseTile = (layer) =>
  tiles.reduce((best, tile) => (cycles(layer, tile) < cycles(layer, best) ? tile : best));

/** Multiply-adds that must be in flight at once: the latency is 4 cycles, with 2 per cycle. */
const PIPELINE = 8;

/** Relative cost of the loads of a tile, fitted to measurements in Chromium. */
const overhead = (loads: number): number => 1 + loads / 8;

/** Twice the cycles for one weight of each filter at all pixels; two multiply-adds per cycle. */
function cycles({ filters, vectors }: TiledLayer, tile: Tile): number {
  const blocks = Math.ceil(filters / tile.filters);
  const width = Math.min(tile.vectors, vectors);
  const ofBlock = (size: number) => Math.max(PIPELINE, size * width) + overhead(size + width);
  const larger = filters % blocks;
  const size = Math.floor(filters / blocks);
  return Math.ceil(vectors / width) * (larger * ofBlock(size + 1) + (blocks - larger) * ofBlock(size));
}
