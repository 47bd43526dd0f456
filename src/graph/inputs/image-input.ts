import { EspalierError } from '../../errors.ts';
import { type Dim, formatShape, type Graph, type Value } from '../graph.ts';

/** The input of a network that takes images. */
export interface ImageInput {
  readonly value: Value;
  /** Of a single image without a batch: CHW, HWC. */
  readonly layout: 'NCHW' | 'NHWC' | 'CHW' | 'HWC';
  /** 1 where the input is a single image. */
  readonly batch: Dim;
  readonly channels: Dim;
  readonly height: Dim;
  readonly width: Dim;
}

/** Inputs that must be fed: those with contents of their own are defaults. */
export function fedInputs(graph: Graph): Value[] {
  const defaults = new Set(graph.initializers);
  return graph.inputs.filter((input) => !input.tensor && !defaults.has(input));
}

/** The input that takes the images, whatever is beside it; throws `unsupported` where there is none. */
export function imageInput(graph: Graph): ImageInput {
  const value = mainInput(graph);
  const image = value && asImage(value);
  if (image) return image;
  const found = value ? formatShape(value.shape) : 'no input';
  const message = `expected images [N, C, H, W], found ${found}`;
  throw new EspalierError('unsupported', message, { where: value?.name ?? graph.name });
}

/** An input's image dimensions; null where it takes no images. Channels last only where the shape leaves no doubt. */
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

/** Whether an input is a single image [C, H, W] or [H, W, C], whose first axis is no batch. */
export function isUnbatched({ shape }: Value): boolean {
  if (shape?.length !== 3) return false;
  const [first, second, third] = shape as readonly [Dim, Dim, Dim];
  if (isChannels(first)) return isExtent(second) && isExtent(third);
  // A first axis that is free is a batch.
  return typeof first === 'number' && isExtent(first) && isExtent(second) && (third === 3 || third === 4);
}

/** Which inputs come first where the image is looked for. */
const likely: readonly ((value: Value) => boolean)[] = [
  (value) => isBatchOfImages(value) && hasColours(value),
  (value) => isUnbatched(value) && hasColours(value),
  isBatchOfImages,
  isUnbatched,
  ({ shape }) => (shape?.length ?? 0) >= 2,
  () => true,
];

/**
 * The input that holds the images: the first of rank 4, or the first single image, with 3 channels, else with any; else the first with
 * a batch; of several alike the first whose contents are not told. Integers wider than a byte are no pixels.
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

/** What the main input holds in a run: a number where the network fixes it (1 for a single image), null where it is free. */
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
