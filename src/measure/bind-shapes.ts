import { loadPreprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { type Dim, formatShape, type Graph, type Shape, type Value } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { asImage, fedInputs, isUnbatched, mainInput } from '../graph/inputs/image-input.ts';
import { knownOperator } from '../graph/operators/index.ts';
import { sizeOfSymbol } from '../graph/shapes/free-size.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { bindDimensions } from '../rewrite/index.ts';
import { extents, type ImageSize } from './image-size.ts';

/** Values for the dimensions that a model leaves open. */
export interface BindOptions {
  /** Images per batch, if the model leaves it open. Default 1. */
  readonly batch?: number;
  /** Height and width, if the model leaves them open; default: those of its stored preprocessing. */
  readonly size?: ImageSize | undefined;
}

/**
 * A copy in which all input shapes are fixed and the other shapes are inferred. Throws `usage`, asking for `size`, if a
 * dimension stays open.
 */
export function withFixedShapes(graph: Graph, options: BindOptions = {}): Graph {
  const copy = bindFeeds(graph);
  const symbols = new Map<string, number>();
  for (const input of fedInputs(copy)) {
    const fixed = boundShape(copy, input, options);
    input.shape?.forEach((dim, i) => typeof dim === 'string' && symbols.set(dim, fixed[i]!));
    input.shape = fixed;
  }
  // Where no rule infers a shape, the shape stored in the file is kept, with its symbols replaced by numbers.
  for (const node of copy.nodes) {
    for (const value of node.outputs) if (value?.shape) value.shape = substitute(value.shape, symbols);
  }
  inferShapes(copy);
  assumeBatch(copy);
  return copy;
}

/** Like {@link withFixedShapes}, but also replaces a fixed batch size, if the network treats each image independently. */
export const bindImages = (graph: Graph, options: BindOptions & { readonly batch: number }): Graph =>
  withFixedShapes(bindDimensions(bindFeeds(graph), options.batch), options);

/**
 * Assumes that a leading dimension that inference could not determine is the batch. Exporters pad shortcuts by amounts that
 * are only known after constant folding, and no other dimension is lost there. Nothing is assumed if other dimensions are
 * unknown too, or after operators without a shape rule.
 */
function assumeBatch(graph: Graph): void {
  if (graph.nodes.some((node) => !knownOperator(node) && node.outputs.some((y) => y?.shape?.includes(null))))
    return;
  const input = mainInput(graph);
  const batch = (input && !isUnbatched(input) && input.shape?.[0]) || 1;
  for (const value of graph.nodes.flatMap((node) => node.outputs)) {
    const [first, ...others] = value?.shape ?? [];
    const lost = first === null && others.length > 0 && others.every((dim) => typeof dim === 'number');
    if (value && lost) value.shape = [batch, ...others];
  }
}

/** The shape of an input: fixed dimensions, then the batch, then height and width. */
export function boundShape(graph: Graph, input: Value, options: BindOptions): number[] {
  const { shape } = input;
  if (!shape) {
    throw new EspalierError('unsupported', 'expected an input of known rank', { where: input.name });
  }
  const sizes = openSizes(graph, input, options);
  return shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const given = sizes.get(axis);
    if (given !== undefined) return given;
    const message = `size ${dim ?? '?'} of ${formatShape(shape)} is free: expected \`size\` N, or \`input\` ${input.name}=${example(shape)}`;
    throw new EspalierError('usage', message, { where: input.name });
  });
}

/** A shape as a user may type it: `1x3x224x224`. */
const example = (shape: Shape): string =>
  shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : 224)).join('x');

/** Sizes of an input's open axes that are known from the options. */
function openSizes(graph: Graph, input: Value, { batch = 1, size }: BindOptions): Map<number, number> {
  const rank = input.shape?.length ?? 0;
  const unbatched = isUnbatched(input);
  const sizes = new Map(unbatched ? [] : [[0, batch]]);
  const stored = loadPreprocessing(graph);
  const known = size === undefined ? stored && ([stored.height, stored.width] as const) : extents(size);
  if (!known) return sizes;
  const [height, width] = known;
  if (asImage(input)?.layout === 'NHWC') return sizes.set(1, height).set(2, width);
  // For sequences and maps of other ranks, the last axis is the width and the one before it the height.
  if (rank > 1) sizes.set(rank - 1, width);
  if (rank > 2) sizes.set(rank - 2, height);
  return sizes;
}

function substitute(shape: Shape, symbols: ReadonlyMap<string, number>): Dim[] {
  return shape.map((dim) => (typeof dim === 'string' ? sizeOfSymbol(dim, symbols) : dim));
}
