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
 * A copy in which every input other than the image has contents: the given ones, or seeded random numbers that are the same
 * for each image. Throws `usage` if a size is open and not given.
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

/** Feeds of the inputs other than the image for a run of `images` images. All of them must have contents. */
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

/** A line for each input other than the image that describes its contents. */
export const describeOthers = (given: Graph, fed: Graph): string[] =>
  inputsBeside(fed).map((input) => {
    const told = given.inputs.find(({ name }) => name === input.name)?.feed?.contents;
    const shape = formatShape(input.feed?.shape ?? input.shape);
    return told
      ? `${input.name} uses the values ${shape} from \`feed\``
      : `${input.name} uses random numbers ${shape}, the same for every image: set its values with \`feed\` ${input.name}=FILE`;
  });

/** Metadata key of the shapes of inputs with stored feeds, as JSON. */
const SHAPES_KEY = 'espalier.inputs';

/** A copy in which feeds are stored as initializers, ONNX's form of default inputs, so that a file can contain them. */
export function withFeedsStored(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  for (const input of copy.inputs) {
    if (!input.feed?.contents) continue;
    input.tensor = feedContents(input, input.feed.shape);
    copy.initializers.push(input);
  }
  // In a file, an initializer has the shape of its contents, so the declared shapes are stored separately.
  const shapes = copy.inputs.map(({ name, shape }) => [name, shape]);
  copy.metadata[SHAPES_KEY] = JSON.stringify(Object.fromEntries(shapes));
  return copy;
}

/** Reverses {@link withFeedsStored}. */
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
