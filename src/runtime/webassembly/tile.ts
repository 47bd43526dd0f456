/** Filters and vectors of four pixels whose sums are held in registers. */
export interface Tile {
  readonly filters: number;
  readonly vectors: number;
}

/** A convolution whose tile can be chosen. */
export interface TiledLayer {
  readonly name: string;
  /** Its geometry, living stripes and fused operators: layers with equal keys and MACs take the same time. */
  readonly key: string;
  /** Filters that read the same channels. */
  readonly filters: number;
  /** Vectors of pixels in a feature map of the output. */
  readonly vectors: number;
}

export type ChooseTile = (layer: TiledLayer) => Tile;

/** The tiles that are tried: with a vector of pixels for each column and a weight, they leave some of the 16 registers of x86. */
export const tiles: readonly Tile[] = [
  { filters: 6, vectors: 2 },
  { filters: 5, vectors: 2 },
  { filters: 4, vectors: 2 },
  { filters: 3, vectors: 3 },
  { filters: 2, vectors: 4 },
  { filters: 12, vectors: 1 },
];

export const tileName = ({ filters, vectors }: Tile): string => `${filters}×${vectors}`;

/** The tile with the fewest predicted cycles; of equals, the first. */
export const predictTile: ChooseTile = (layer) =>
  tiles.reduce((best, tile) => (cycles(layer, tile) < cycles(layer, best) ? tile : best));

/** Multiply-adds that must be under way at once, since the sum of one can enter the next only after 4 cycles of 2 each. */
const PIPELINE = 8;

/** What a tile costs beside its multiply-adds, by the loads that it makes: read off measurements in Chromium. */
const overhead = (loads: number): number => 1 + loads / 8;

/** Twice the cycles for one weight of each filter at all pixels: two multiply-adds in each cycle. */
function cycles({ filters, vectors }: TiledLayer, tile: Tile): number {
  const blocks = Math.ceil(filters / tile.filters);
  const width = Math.min(tile.vectors, vectors);
  const ofBlock = (size: number) => Math.max(PIPELINE, size * width) + overhead(size + width);
  const larger = filters % blocks;
  const size = Math.floor(filters / blocks);
  return Math.ceil(vectors / width) * (larger * ofBlock(size + 1) + (blocks - larger) * ofBlock(size));
}
