import type { LayerInformation } from '../../grafting/information.ts';
import type { Shape } from '../../graph/graph.ts';
import type { GroupFacts } from '../../inspection/groups.ts';
import type { ImageFacts, InputFacts, OtherInput } from '../../inspection/inputs.ts';
import { printableLine } from '../../printable.ts';
import { textTable } from '../../report/text-table.ts';

/** A table with one row per convolution. */
export function entropyText(layers: readonly LayerInformation[]): string {
  if (layers.length === 0) return 'entropy     no convolution with constant weights';
  return textTable(layers, [
    { head: 'convolution', cell: ({ name }) => name },
    { head: 'filters', cell: ({ filters }) => String(filters), align: 'right' },
    { head: 'invalid', cell: ({ invalid }) => String(invalid), align: 'right' },
    { head: 'entropy', cell: ({ entropy }) => entropy.toFixed(3), align: 'right' },
  ]);
}

/** Number of reasons that are printed; `--json` has all. */
const MOST_REASONS = 8;

/** `12 of coupled layers; 2 cannot be pruned`, followed by the reasons. */
export function groupsText(groups: readonly GroupFacts[]): string {
  const pinned = groups.filter(({ prunable }) => !prunable);
  const lines = groups.flatMap(({ root, members, prunable, reason }) => {
    const others = members.length > 1 ? ` and ${members.length - 1} more` : '';
    return reason === undefined
      ? []
      : [`${root}${others} ${prunable ? 'is kept in part' : 'is kept'}: ${reason}`];
  });
  const more = lines.length > MOST_REASONS ? [`… and ${lines.length - MOST_REASONS} more: see --json`] : [];
  const head = `${groups.length} of coupled layers; ${pinned.length} cannot be pruned`;
  return [head, ...lines.slice(0, MOST_REASONS).map(printableLine), ...more].join('\n            ');
}

/** One line per input. */
export function inputsText({ image, otherInputs }: InputFacts): string[] {
  return [
    `image       ${image ? imageText(image) : 'no input takes images [N, C, H, W]'}`,
    ...otherInputs.map(
      (input) => `other input ${input.name} [${shapeText(input.shape)}], fed with ${fedWith(input)}`,
    ),
  ];
}

/** Describes the contents of an input other than the image. */
export const fedWith = ({ hasContents }: OtherInput): string =>
  hasContents ? 'what --feed gives' : 'random numbers';

/** `1, 3, ?`. */
export const shapeText = (shape: Shape | null): string => shape?.map((dim) => dim ?? '?').join(', ') ?? '?';

function imageText({ input, layout, channels, batch, height, width }: ImageFacts): string {
  const counted = channels === 1 ? '1 channel' : `${channels ?? 'free'} channels`;
  const single = layout === 'CHW' || layout === 'HWC';
  const batches = single ? 'a single image' : batch === null ? 'free batch' : `a fixed batch of ${batch}`;
  const free = height === null && width === null;
  const size = free ? 'free size (--size)' : `${height ?? 'free'}×${width ?? 'free'}`;
  return `${input}, ${layout}, ${counted}, ${batches}, ${size}`;
}
