import { EspalierError } from '../../errors.ts';
import { type Dim, formatShape, type Graph, type Value } from '../graph.ts';

/** The input of a network that takes images. */
export interface ImageInput {
  readonly value: Value;
  readonly layout: 'NCHW' | 'NHWC';
  /** 1 where the input is a single image [C, H, W]. */
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

/** The one image input [N, C, H, W] or [N, H, W, C]; throws `unsupported` where there is no such input, or others beside it. */
export function imageInput(graph: Graph): ImageInput {
  const inputs = fedInputs(graph);
  const [value] = inputs;
  if (!value || inputs.length !== 1) {
    const message = `expected one input, found ${inputs.length}`;
    throw new EspalierError('unsupported', message, { where: graph.name });
  }
  const image = asImage(value);
  if (image) return image;
  const message = `expected images [N, C, H, W], found ${formatShape(value.shape)}`;
  throw new EspalierError('unsupported', message, { where: value.name });
}

/** An input's image dimensions; null where its rank is not 4. Channels last only where the shape leaves no doubt. */
export function asImage(value: Value): ImageInput | null {
  if (value.shape?.length !== 4) return null;
  const [batch, second, third, fourth] = value.shape as readonly [Dim, Dim, Dim, Dim];
  if (isChannels(fourth) && !isChannels(second)) {
    return { value, layout: 'NHWC', batch, channels: fourth, height: second, width: third };
  }
  return { value, layout: 'NCHW', batch, channels: second, height: third, width: fourth };
}

/** Whether an input is a single image [C, H, W], whose first axis is no batch. */
export function isUnbatched({ shape }: Value): boolean {
  if (shape?.length !== 3) return false;
  const [first, second, third] = shape as readonly [Dim, Dim, Dim];
  return (first === 3 || first === 4 || first === 1) && isExtent(second) && isExtent(third);
}

/** The input that holds the images: the first of rank 4, else the first single image, else the first with a batch. */
export function mainInput(graph: Graph): Value | null {
  const inputs = fedInputs(graph);
  const found =
    inputs.find(({ shape }) => shape?.length === 4) ??
    inputs.find(isUnbatched) ??
    inputs.find(({ shape }) => (shape?.length ?? 0) >= 2);
  return found ?? inputs[0] ?? null;
}

/** What the main input holds in a run: a number where the network fixes it (1 for a single image), null where it is free. */
export function imagesOf(graph: Graph): number | null {
  const input = mainInput(graph);
  if (!input?.shape || input.shape.length < 2 || isUnbatched(input)) return 1;
  const [batch] = input.shape;
  return typeof batch === 'number' ? batch : null;
}

const isExtent = (dim: Dim): boolean => typeof dim !== 'number' || dim > 4;

const isChannels = (dim: Dim): boolean => dim === 1 || dim === 3 || dim === 4;
