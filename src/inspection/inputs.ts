import type { Dim, Graph, Shape } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { asImage, mainInput } from '../graph/inputs/image-input.ts';
import { inputsBeside } from '../graph/inputs/input-feeds.ts';

/** How the image input takes images; a dimension is null where the network leaves it free. */
export interface ImageFacts {
  readonly input: string;
  /** Without N: the network takes a single image. */
  readonly layout: 'NCHW' | 'NHWC' | 'CHW' | 'HWC';
  readonly channels: number | null;
  readonly batch: number | null;
  readonly height: number | null;
  readonly width: number | null;
}

/** An input beside the image. */
export interface OtherInput {
  readonly name: string;
  readonly shape: Shape | null;
  /** Whether a feed has its contents; otherwise the network is run with random numbers. */
  readonly hasContents: boolean;
}

/** The inputs of a network. */
export interface InputFacts {
  /** null where no input takes images. */
  readonly image: ImageFacts | null;
  readonly otherInputs: readonly OtherInput[];
}

/** The inputs of a network as its file has them, with the sizes that feeds give. */
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
