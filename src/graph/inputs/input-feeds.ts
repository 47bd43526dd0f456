import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../clone.ts';
import { formatShape, type Graph, type InputFeed, type Value } from '../graph.ts';
import { fedInputs, mainInput } from './image-input.ts';

/** Contents of inputs, by name. */
export type InputFeeds = Readonly<Record<string, InputFeed>>;

/**
 * A copy of a network that is always run with the given inputs; see {@link InputFeed}. Throws `usage` if a name is no input,
 * or if rank, sizes or type differ from the network's.
 *
 * @example
 * const fed = withInputFeeds(network, { scale: { shape: [1, 2], contents: null } }); // null: random contents
 */
export function withInputFeeds(graph: Graph, feeds: InputFeeds): Graph {
  const copy = cloneGraph(graph);
  const inputs = new Map(fedInputs(copy).map((input) => [input.name, input]));
  for (const [name, feed] of Object.entries(feeds)) {
    const input = inputs.get(name);
    if (!input) {
      const message = `expected an input of the network (${[...inputs.keys()].join(', ') || 'none'}), found ${name}`;
      throw new EspalierError('usage', message, { where: graph.name });
    }
    expectFitting(input, feed);
    input.feed = feed;
  }
  boundSymbols(copy);
  return copy;
}

/** The feeds stored with a network's inputs. */
export const inputFeedsOf = (graph: Graph): InputFeeds =>
  Object.fromEntries(fedInputs(graph).flatMap(({ name, feed }) => (feed ? [[name, feed] as const] : [])));

/** The feeds of inputs that the network has: a rewritten network may have lost an unused input. */
export function knownFeeds(graph: Graph, feeds: InputFeeds): InputFeeds {
  const names = new Set(fedInputs(graph).map(({ name }) => name));
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => names.has(name)));
}

/**
 * The shape with which an input is fed for a batch size; null without a feed. A leading 1 becomes the batch if that axis is
 * open.
 */
export function fedShape({ shape, feed }: Value, batch: number): readonly number[] | null {
  if (!feed) return null;
  const [first, ...rest] = feed.shape;
  return first === 1 && typeof shape?.[0] !== 'number' ? [batch, ...rest] : feed.shape;
}

/** Whether the first axis of an input is the batch. */
export const isBatchOpen = ({ shape, feed }: Value): boolean =>
  shape !== null &&
  shape.length > 0 &&
  typeof shape[0] !== 'number' &&
  (feed === undefined || feed.shape[0] === 1);

/**
 * Sizes of symbolic dimensions as given by feeds, without those of the batch. Throws `usage` if two feeds contradict each
 * other.
 */
export function boundSymbols(graph: Graph): ReadonlyMap<string, number> {
  const sizes = new Map<string, { readonly size: number; readonly input: string }>();
  const batch = batchSymbols(graph);
  for (const input of fedInputs(graph)) {
    input.shape?.forEach((dim, axis) => {
      const size = input.feed?.shape[axis];
      if (size === undefined || typeof dim !== 'string' || (axis === 0 && batch.has(dim) && size === 1))
        return;
      const known = sizes.get(dim);
      if (known && known.size !== size) {
        const message = `its ${dim} is ${size}, but the ${dim} of ${known.input} is ${known.size}`;
        throw new EspalierError('usage', message, { where: input.name });
      }
      sizes.set(dim, { size, input: input.name });
    });
  }
  return new Map([...sizes].map(([symbol, { size }]) => [symbol, size]));
}

/** Symbols of first axes that are the batch. */
const batchSymbols = (graph: Graph): ReadonlySet<unknown> =>
  new Set(fedInputs(graph).flatMap((input) => (isBatchOpen(input) ? [input.shape![0]] : [])));

function expectFitting(input: Value, { shape, contents }: InputFeed): void {
  const { name, shape: declared, dtype } = input;
  const fits =
    !declared ||
    (declared.length === shape.length &&
      declared.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]));
  if (!fits || shape.some((size) => size < 1)) {
    const message = `expected a shape of ${formatShape(declared)}, found ${shape.join('x') || 'a single number'}`;
    throw new EspalierError('usage', message, { where: name });
  }
  if (!contents || !dtype || contents.dtype === dtype) return;
  const message = `expected contents of ${dtype}, found ${contents.dtype}: save it with .astype('${dtype}')`;
  throw new EspalierError('usage', message, { where: name });
}

/** The inputs of a network other than its image input. */
export function inputsBeside(graph: Graph): Value[] {
  const main = mainInput(graph);
  return fedInputs(graph).filter((input) => input !== main);
}
