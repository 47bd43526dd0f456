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

/** Numbers for the dimensions that a model leaves open. */
export interface BindOptions {
  /** Images in a batch, where the model leaves that open. Default 1. */
  readonly batch?: number;
  /** Height and width, where the model leaves them open; default: those of its stored preprocessing. */
  readonly size?: ImageSize | undefined;
}

/** A copy with every input's open dimensions set and the shapes behind them inferred; throws `usage` asking for `size`. */
export function withFixedShapes(graph: Graph, options: BindOptions = {}): Graph {
  const copy = bindFeeds(graph);
  const symbols = new Map<string, number>();
  for (const input of fedInputs(copy)) {
    const fixed = boundShape(copy, input, options);
    input.shape?.forEach((dim, i) => typeof dim === 'string' && symbols.set(dim, fixed[i]!));
    input.shape = fixed;
  }
  // Shapes from the file go on holding for what no rule knows, once their symbols have numbers.
  for (const node of copy.nodes) {
    for (const value of node.outputs) if (value?.shape) value.shape = substitute(value.shape, symbols);
  }
  inferShapes(copy);
  assumeBatch(copy);
  return copy;
}

/** {@link withFixedShapes} that also replaces a batch that the network fixes, where it computes the same for each image. */
export const bindImages = (graph: Graph, options: BindOptions & { readonly batch: number }): Graph =>
  withFixedShapes(bindDimensions(bindFeeds(graph), options.batch), options);

/**
 * A leading dimension that inference lost is taken for the batch: exporters pad shortcuts by amounts that take a constant
 * fold to see, and what is added to them loses no other dimension. Where others are lost too, nothing is known, nor behind
 * operators without a shape rule.
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

/** The shape that an input gets: what the model fixes, the batch first, then height and width. */
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

/** `1x3x224x224`: a shape as it may be typed. */
const example = (shape: Shape): string =>
  shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : 224)).join('x');

/** What is known of an input's axes from outside the model. */
function openSizes(graph: Graph, input: Value, { batch = 1, size }: BindOptions): Map<number, number> {
  const rank = input.shape?.length ?? 0;
  const unbatched = isUnbatched(input);
  const sizes = new Map(unbatched ? [] : [[0, batch]]);
  const stored = loadPreprocessing(graph);
  const known = size === undefined ? stored && ([stored.height, stored.width] as const) : extents(size);
  if (!known) return sizes;
  const [height, width] = known;
  if (asImage(input)?.layout === 'NHWC') return sizes.set(1, height).set(2, width);
  // Sequences and maps of other ranks: the last axis is the width, the one before it the height.
  if (rank > 1) sizes.set(rank - 1, width);
  if (rank > 2) sizes.set(rank - 2, height);
  return sizes;
}

function substitute(shape: Shape, symbols: ReadonlyMap<string, number>): Dim[] {
  return shape.map((dim) => (typeof dim === 'string' ? sizeOfSymbol(dim, symbols) : dim));
}
