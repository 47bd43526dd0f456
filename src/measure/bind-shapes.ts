import { loadPreprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import { type Dim, formatShape, type Graph, type Shape, type Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { asImage, fedInputs } from './image-input.ts';

export interface BindOptions {
  /** Images in a batch, where the model leaves that open. Default 1. */
  readonly batch?: number;
  /** Height and width, where the model leaves them open; default: those of its stored preprocessing. */
  readonly size?: number | undefined;
}

/** A copy with every input's open dimensions set and the shapes behind them inferred; throws `usage` asking for `--size`. */
export function withFixedShapes(graph: Graph, options: BindOptions = {}): Graph {
  const copy = cloneGraph(graph);
  const symbols = new Map<string, number>();
  for (const input of fedInputs(copy)) {
    const fixed = fixedShape(copy, input, options);
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

/**
 * A leading dimension that inference lost is taken for the batch: exporters pad shortcuts by amounts that take a constant
 * fold to see, and what is added to them loses no other dimension.
 */
function assumeBatch(graph: Graph): void {
  const batch = fedInputs(graph)[0]?.shape?.[0] ?? 1;
  for (const value of graph.nodes.flatMap((node) => node.outputs)) {
    if (value?.shape?.[0] === null) value.shape = [batch, ...value.shape.slice(1)];
  }
}

/** The shape that an input gets: what the model fixes, the batch first, then height and width. */
export function fixedShape(graph: Graph, input: Value, options: BindOptions): number[] {
  const { shape } = input;
  if (!shape) {
    throw new EspalierError('unsupported', 'expected an input of known rank', { where: input.name });
  }
  const sizes = openSizes(graph, input, options);
  return shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const given = sizes.get(axis);
    if (given !== undefined) return given;
    const message = `size ${dim ?? '?'} of ${formatShape(shape)} is open: expected --size N`;
    throw new EspalierError('usage', message, { where: input.name });
  });
}

/** What is known of an input's axes from outside the model. */
function openSizes(graph: Graph, input: Value, { batch = 1, size }: BindOptions): Map<number, number> {
  const sizes = new Map([[0, batch]]);
  const image = asImage(input);
  if (!image) return sizes;
  const stored = size === undefined ? loadPreprocessing(graph) : { height: size, width: size };
  const [row, column] = image.layout === 'NCHW' ? [2, 3] : [1, 2];
  if (stored) sizes.set(row, stored.height).set(column, stored.width);
  return sizes;
}

function substitute(shape: Shape, symbols: ReadonlyMap<string, number>): Dim[] {
  return shape.map((dim) => (typeof dim === 'string' ? (symbols.get(dim) ?? dim) : dim));
}
