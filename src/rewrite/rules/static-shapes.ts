import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Dim, formatShape, type Graph, type Shape, type Value } from '../../graph/graph.ts';
import { fedInputs, isUnbatched, mainInput } from '../../graph/inputs/image-input.ts';
import { sizeOfSymbol } from '../../graph/shapes/free-size.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { openBatch } from './open-batch.ts';

/**
 * A copy with symbolic dimensions fixed, and all shapes inferred again. `sizes` is a number per symbol, `{ N: 128 }`, or one
 * number for the first dimension of every input that leaves it open (if none does, the batch of the first input is replaced).
 * Throws `shape` or `unsupported` if the network does not work with these sizes.
 *
 * @example
 * const oneImage = bindDimensions(network, 1);
 * const ofThatSize = bindDimensions(network, { height: 224, width: 224 });
 */
export function bindDimensions(graph: Graph, sizes: number | Readonly<Record<string, number>>): Graph {
  const copy = cloneGraph(graph);
  for (const size of typeof sizes === 'number' ? [sizes] : Object.values(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new EspalierError('usage', `expected a dimension of at least 1, got ${size}`);
    }
  }
  if (typeof sizes === 'number') bindBatch(copy, sizes);
  else bindSymbols(copy, new Map(Object.entries(sizes)));
  return copy;
}

function bindBatch(graph: Graph, batch: number): void {
  const inputs = fedInputs(graph);
  const open = inputs.filter(({ shape }) => shape?.length && typeof shape[0] !== 'number');
  if (open.length === 0) {
    const main = mainInput(graph);
    replaceBatch(graph, main && !isUnbatched(main) ? main : undefined, batch);
    return;
  }
  const symbols = new Map<string, number>();
  for (const value of open) {
    const [first = null, ...rest] = value.shape!;
    if (typeof first === 'string') symbols.set(first, batch);
    value.shape = [batch, ...rest];
  }
  substituteAll(graph, symbols);
}

function bindSymbols(graph: Graph, sizes: ReadonlyMap<string, number>): void {
  const known = new Set(fedInputs(graph).flatMap(({ shape }) => shape ?? []));
  for (const symbol of sizes.keys()) {
    if (known.has(symbol)) continue;
    const found = [...known].filter((dim) => typeof dim === 'string').join(', ') || 'none';
    throw new EspalierError('usage', `expected a symbolic dimension of the inputs (${found}), got ${symbol}`);
  }
  substituteAll(graph, sizes);
}

function substituteAll(graph: Graph, sizes: ReadonlyMap<string, number>): void {
  const substitute = (shape: Shape): Dim[] =>
    shape.map((dim) => (typeof dim === 'string' ? sizeOfSymbol(dim, sizes) : dim));
  for (const value of [...graph.inputs, ...computed(graph)]) {
    if (value.shape) value.shape = substitute(value.shape);
  }
  inferShapes(graph);
}

/** Replaces a fixed batch size; most networks work with any, and shape inference reports those that do not. */
function replaceBatch(graph: Graph, input: Value | undefined, batch: number): void {
  const found = input?.shape?.[0];
  if (!input?.shape || typeof found !== 'number' || found === batch) {
    inferShapes(graph);
    return;
  }
  inferShapes(graph);
  openBatch(graph, input, { found, batch });
  const before = graph.outputs.map(({ shape }) => shape?.[0]);
  input.shape = [batch, ...input.shape.slice(1)];
  for (const value of computed(graph)) value.shape = null;
  try {
    inferShapes(graph);
  } catch (cause) {
    if (!(cause instanceof EspalierError) || cause.code !== 'shape') throw cause;
    const message = `${cause.message}: the file fixes a batch of ${found}: export it with a free batch size`;
    throw new EspalierError('unsupported', message, { cause });
  }
  graph.outputs.forEach((output, i) => {
    if (before[i] !== found || output.shape?.[0] === batch) return;
    const message = `expected a batch of ${batch} in the output as in the input, got ${formatShape(output.shape)}`;
    throw new EspalierError('unsupported', message, { where: output.name });
  });
}

const computed = (graph: Graph): Value[] =>
  graph.nodes.flatMap((node) => node.outputs.filter((value): value is Value => value !== null));
