import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import { emptyGraph, formatShape, type Graph, type Shape, type Value } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { feedContents } from '../graph/inputs/feed-contents.ts';
import { fedShape, inputsBeside } from '../graph/inputs/input-feeds.ts';
import { randomFeeds } from '../rewrite/index.ts';
import type { Tensors } from '../runtime/executor.ts';
import { type BindOptions, boundShape } from './bind-shapes.ts';

/**
 * A copy in which every input beside the image has contents: those that were told, else seeded random numbers, the same for
 * each image. Throws `usage` where a size is open and none is given.
 */
export function withOthersFed(graph: Graph, { size }: Pick<BindOptions, 'size'> = {}): Graph {
  const isOpen = ({ feed }: Value) => !feed?.contents;
  if (!inputsBeside(graph).some(isOpen)) return graph;
  const copy = cloneGraph(graph);
  const bound = bindFeeds(copy);
  const open = inputsBeside(copy).filter(isOpen);
  const drawn = inputsBeside(bound).filter(isOpen);
  const shapes = drawn.map((input) => boundShape(bound, input, { batch: 1, size }));
  const inputs = drawn.map((input, i) => ({ ...input, shape: shapes[i]! }));
  const contents = randomFeeds({ ...emptyGraph('inputs'), inputs }, { seed: 0, scale: 1 });
  open.forEach((input, i) => {
    input.feed = { shape: shapes[i]!, contents: contents[input.name]! };
  });
  return copy;
}

/** What the inputs beside the image are fed with in a run of so many images; all of them have contents. */
export const feedsBeside = (graph: Graph, images: number): Tensors =>
  Object.fromEntries(inputsBeside(graph).map((input) => [input.name, feedOf(input, images)]));

function feedOf(input: Value, images: number) {
  const { name, shape, feed } = input;
  const isFixed = shape?.every((dim) => typeof dim === 'number');
  const wanted = isFixed ? (shape as readonly number[]) : fedShape(input, images)!;
  const contents = feedContents(input, wanted);
  if (contents) return contents;
  const message = `expected a feed of ${formatShape(wanted)}, found ${formatShape(feed?.shape ?? null)}`;
  throw new EspalierError('usage', message, { where: name });
}

/** A line on each input beside the image: what it is fed with, in words. */
export const describeOthers = (given: Graph, fed: Graph): string[] =>
  inputsBeside(fed).map((input) => {
    const told = given.inputs.find(({ name }) => name === input.name)?.feed?.contents;
    const shape = formatShape(input.feed?.shape ?? input.shape);
    return told
      ? `${input.name} uses the values ${shape} from \`feed\``
      : `${input.name} uses random numbers ${shape}, the same for every image: set its values with \`feed\` ${input.name}=FILE`;
  });

/** The key of the shapes of inputs with stored feeds, as JSON, in a model's metadata. */
const SHAPES_KEY = 'espalier.inputs';

/** A copy that a file can hold with its feeds: as initializers, which is how ONNX writes the default of an input. */
export function withFeedsStored(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  for (const input of copy.inputs) {
    if (!input.feed?.contents) continue;
    input.tensor = feedContents(input, input.feed.shape);
    copy.initializers.push(input);
  }
  // A file gives an initializer the shape of its contents.
  const shapes = copy.inputs.map(({ name, shape }) => [name, shape]);
  copy.metadata[SHAPES_KEY] = JSON.stringify(Object.fromEntries(shapes));
  return copy;
}

/** The network of {@link withFeedsStored} as it was. */
export function withStoredFeeds(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  const shapes = JSON.parse(copy.metadata[SHAPES_KEY] ?? '{}') as Record<string, Shape | null>;
  delete copy.metadata[SHAPES_KEY];
  for (const input of copy.inputs) {
    const { tensor } = input;
    if (!tensor) continue;
    input.feed = { shape: tensor.shape, contents: tensor };
    input.tensor = null;
    input.shape = shapes[input.name] ?? input.shape;
  }
  copy.initializers = copy.initializers.filter((value) => !copy.inputs.includes(value));
  return copy;
}
