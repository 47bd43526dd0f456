import { EspalierError } from '../../errors.ts';
import { type Dim, formatShape, type Graph, type Value } from '../graph.ts';

/** The image input of a network. */
export interface ImageInput {
  readonly value: Value;
  /** CHW and HWC are single images, without a batch axis. */
  readonly layout: 'NCHW' | 'NHWC' | 'CHW' | 'HWC';
  /** Size of the batch axis; 1 for a single image. */
  readonly batch: Dim;
  readonly channels: Dim;
  readonly height: Dim;
  readonly width: Dim;
}

/** Inputs that must be fed: inputs with contents have a default. */
export function fedInputs(graph: Graph): Value[] {
  const defaults = new Set(graph.initializers);
  return graph.inputs.filter((input) => !input.tensor && !defaults.has(input));
}

/**
 * The image input of a network, which may have other inputs. Throws `unsupported` if there is none, or if one free size is
 * both the number of images and their height or width.
 */
export function imageInput(graph: Graph): ImageInput {
  const value = mainInput(graph);
  const image = value && asImage(value);
  if (image) return withOwnBatch(image);
  const found = value ? formatShape(value.shape) : 'no input';
  const message = `expected images [N, C, H, W], found ${found}`;
  throw new EspalierError('unsupported', message, { where: value?.name ?? graph.name });
}

function withOwnBatch(image: ImageInput): ImageInput {
  const { value, batch, height, width } = image;
  if (typeof batch !== 'string' || (batch !== height && batch !== width)) return image;
  const message = `expected a batch that is no other size, found ${formatShape(value.shape)}: give its shape with \`input\` ${value.name}=2x3x224x224`;
  throw new EspalierError('unsupported', message, { where: value.name });
}

/**
 * The image dimensions of an input; null if it takes no images. Channels are assumed to be last only if the shape is
 * unambiguous.
 */
export function asImage(value: Value): ImageInput | null {
  if (value.shape?.length === 4) {
    const [batch, second, third, fourth] = value.shape as readonly [Dim, Dim, Dim, Dim];
    if (isChannels(fourth) && !isChannels(second))
      return { value, layout: 'NHWC', batch, channels: fourth, height: second, width: third };
    return { value, layout: 'NCHW', batch, channels: second, height: third, width: fourth };
  }
  if (!isUnbatched(value)) return null;
  const [first, second, third] = value.shape as readonly [Dim, Dim, Dim];
  if (isChannels(first))
    return { value, layout: 'CHW', batch: 1, channels: first, height: second, width: third };
  return { value, layout: 'HWC', batch: 1, channels: third, height: first, width: second };
}

/** Whether an input is a single image [C, H, W] or [H, W, C], without a batch axis. */
export function isUnbatched({ shape }: Value): boolean {
  if (shape?.length !== 3) return false;
  const [first, second, third] = shape as readonly [Dim, Dim, Dim];
  if (isChannels(first)) return isExtent(second) && isExtent(third);
  // An open first axis is a batch.
  return typeof first === 'number' && isExtent(first) && isExtent(second) && (third === 3 || third === 4);
}

/** Predicates for the image input, most likely first. */
const likely: readonly ((value: Value) => boolean)[] = [
  (value) => isBatchOfImages(value) && hasColours(value),
  (value) => isUnbatched(value) && hasColours(value),
  isBatchOfImages,
  isUnbatched,
  ({ shape }) => (shape?.length ?? 0) >= 2,
  () => true,
];

/**
 * The input that holds the images: the first with rank 4, or the first single image, preferably with 3 channels; else the
 * first with a batch. Among several, inputs without given contents come first. Integer types wider than a byte are never
 * images.
 */
export function mainInput(graph: Graph): Value | null {
  const inputs = fedInputs(graph);
  const open = inputs.filter(({ feed, dtype }) => !feed?.contents && !isIndex(dtype));
  for (const fits of likely)
    for (const candidates of [open, inputs]) {
      const found = candidates.find(fits);
      if (found) return found;
    }
  return null;
}

/** The batch size of the main input: a number if the network fixes it (1 for a single image), null if it is open. */
export function imagesOf(graph: Graph): number | null {
  const input = mainInput(graph);
  if (!input?.shape || input.shape.length < 2 || isUnbatched(input)) return 1;
  const [batch] = input.shape;
  return typeof batch === 'number' ? batch : null;
}

function isBatchOfImages({ shape }: Value): boolean {
  return shape?.length === 4;
}

const hasColours = (value: Value): boolean => asImage(value)?.channels === 3;

const isIndex = (dtype: Value['dtype']): boolean =>
  dtype === 'int64' || dtype === 'int32' || dtype === 'bool';

const isExtent = (dim: Dim): boolean => typeof dim !== 'number' || dim > 4;

const isChannels = (dim: Dim): boolean => dim === 1 || dim === 3 || dim === 4;
