import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { feedContents } from '../graph/inputs/feed-contents.ts';
import { fedInputs, imagesOf, isUnbatched, mainInput } from '../graph/inputs/image-input.ts';
import { type InputFeeds, knownFeeds, withInputFeeds } from '../graph/inputs/input-feeds.ts';
import { expectMemory } from '../graph/peak-memory.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { type BindOptions, boundShape } from './bind-shapes.ts';

/** The inputs to measure a network on. */
export interface MeasuredInputs {
  /** Given contents, or random ones from a fixed seed. */
  readonly inputs: readonly (readonly [name: string, tensor: Tensor])[];
  /** The names of inputs with given contents. */
  readonly told: ReadonlySet<string>;
}

/** The batch, the image size, and contents of inputs. */
export interface MeasuredInputOptions extends BindOptions {
  /** By name; default: random. */
  readonly inputs?: InputFeeds | undefined;
}

/**
 * The inputs of a network for a batch. With a batch of 1, networks that fix another batch size run at theirs. Throws `usage`,
 * naming the path, if the network fixes a batch size other than the requested one, or leaves its size open and none is given.
 */
export function measuredInputs(graph: Graph, path: string, options: MeasuredInputOptions): MeasuredInputs {
  const fed = bindFeeds(withInputFeeds(graph, knownFeeds(graph, options.inputs ?? {})));
  const shapes = inputShapes(fed, { batch: 1, ...options, path });
  expectMemory(graph, shapes);
  const told = new Set(fedInputs(fed).flatMap(({ name, feed }) => (feed?.contents ? [name] : [])));
  const inputs = fedInputs(fed).map((input, i) => {
    const shape = shapes[input.name]!;
    const { name, dtype } = input;
    const drawn = () => randomTensor({ name, dtype: dtype ?? 'float32', shape }, random(i));
    return [name, feedContents(input, shape) ?? drawn()] as const;
  });
  return { inputs, told };
}

function inputShapes(
  graph: Graph,
  { batch, size, path }: BindOptions & { batch: number; path: string },
): Record<string, number[]> {
  const fixed = imagesOf(graph);
  if (fixed !== null && fixed !== batch && batch !== 1) {
    const main = mainInput(graph);
    const found = main && isUnbatched(main) ? 'accepts single images only' : `has a fixed batch of ${fixed}`;
    const message = `${main?.name ?? 'the network'} ${found}, expected ${batch}`;
    throw new EspalierError('usage', message, { where: path });
  }
  const options = { batch: fixed ?? batch, size };
  return Object.fromEntries(fedInputs(graph).map((input) => [input.name, boundShape(graph, input, options)]));
}
