import type { Dim, Graph, Shape } from '../../graph/graph.ts';
import type { ImageInput } from '../../graph/inputs/image-input.ts';

/** How the input that takes images does so; a dimension is null where the network leaves it free. */
export interface ImageFacts {
  readonly input: string;
  readonly layout: ImageInput['layout'];
  readonly channels: number | null;
  readonly batch: number | null;
  readonly height: number | null;
  readonly width: number | null;
}

/** An input beside the image, and what it is fed with wherever the network is run. */
export interface OtherInput {
  readonly name: string;
  readonly shape: Shape | null;
  readonly fedWith: 'what --feed gives' | 'random numbers';
}

/** The inputs of a network as its file has them, with the sizes that flags give. */
export async function inputFacts(
  graph: Graph,
): Promise<{ readonly image: ImageFacts | null; readonly otherInputs: readonly OtherInput[] }> {
  const { asImage, mainInput } = await import('../../graph/inputs/image-input.ts');
  const { bindFeeds } = await import('../../graph/inputs/bind-feeds.ts');
  const { inputsBeside } = await import('../../graph/inputs/input-feeds.ts');
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
      fedWith: feed?.contents ? 'what --feed gives' : 'random numbers',
    })),
  };
}

const numberOf = (dim: Dim): number | null => (typeof dim === 'number' ? dim : null);

/** The facts, a line each. */
export function inputsText({ image, otherInputs }: Awaited<ReturnType<typeof inputFacts>>): string[] {
  return [
    `image       ${image ? imageText(image) : 'no input takes images [N, C, H, W]'}`,
    ...otherInputs.map(
      ({ name, shape, fedWith }) =>
        `other input ${name} [${shape?.map((dim) => dim ?? '?').join(', ') ?? '?'}], fed with ${fedWith}`,
    ),
  ];
}

function imageText({ input, layout, channels, batch, height, width }: ImageFacts): string {
  const counted = channels === 1 ? '1 channel' : `${channels ?? 'free'} channels`;
  const single = layout === 'CHW' || layout === 'HWC';
  const batches = single ? 'a single image' : batch === null ? 'free batch' : `a fixed batch of ${batch}`;
  const free = height === null && width === null;
  const size = free ? 'free size (--size)' : `${height ?? 'free'}×${width ?? 'free'}`;
  return `${input}, ${layout}, ${counted}, ${batches}, ${size}`;
}
