import type { Dim, Graph, Shape } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { asImage, mainInput } from '../graph/inputs/image-input.ts';
import { inputsBeside } from '../graph/inputs/input-feeds.ts';

/** The format of the image input; a dimension is null if the network leaves it open. */
export interface ImageFacts {
  readonly input: string;
  /** Without N, the network takes a single image. */
  readonly layout: 'NCHW' | 'NHWC' | 'CHW' | 'HWC';
  readonly channels: number | null;
  readonly batch: number | null;
  readonly height: number | null;
  readonly width: number | null;
}

/** An input other than the image. */
export interface OtherInput {
  readonly name: string;
  readonly shape: Shape | null;
  /** Whether a feed gives its contents; otherwise the network runs on random numbers. */
  readonly hasContents: boolean;
}

/** The inputs of a network. */
export interface InputFacts {
  /** null if no input takes images. */
  readonly image: ImageFacts | null;
  readonly otherInputs: readonly OtherInput[];
}

/** The inputs of a network as declared in the file, with the sizes given by feeds. */
export function inputFacts(graph: Graph): InputFacts {
  const bound = bindFeeds(graph);
  const main = mainInput(bound);
  const image = main && asImage(main);
  const others = image ? inputsBeside(bound) : bound.inputs;
  return {
    image: image && {
      input: image.value.name,
      layout: image.layout,
      channels: numberOf(image.channels),
      batch: numberOf(image.batch),
      height: numberOf(image.height),
      width: numberOf(image.width),
    },
    otherInputs: others.map(({ name, shape, feed }) => ({
      name,
      shape,
      hasContents: Boolean(feed?.contents),
    })),
  };
}

const numberOf = (dim: Dim): number | null => (typeof dim === 'number' ? dim : null);
