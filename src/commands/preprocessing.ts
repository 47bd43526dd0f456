import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { imageSize, numbers, optional, text } from './flags.ts';
import type { LoadedModel } from './model.ts';

/** Flags for models whose files do not say how images become inputs. */
export const preprocessingFlags = {
  mean: optional(
    '--mean <list>',
    'mean of each channel of x/255: 0.485,0.456,0.406; one number applies to all',
    numbers,
  ),
  std: optional(
    '--std <list>',
    'standard deviation of each channel of x/255: 0.229,0.224,0.225; one number applies to all',
    numbers,
  ),
  size: optional('--size <size>', 'height and width of the images: 224, or 192x320', imageSize),
  labels: optional(
    '--labels <file>',
    "file of class names, one per line, in the order of the model's outputs",
    text,
  ),
};

/** The values of {@link preprocessingFlags} that decide on pixels. */
export interface PreprocessingOptions {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly size?: ImageSize;
}

/**
 * How images become a model's input: the flags, else the model's metadata, else the zoo's; the size also from the
 * shape of the input. Throws `usage` naming the flags that are missing.
 */
export async function resolvePreprocessing(
  model: Pick<LoadedModel, 'graph' | 'name' | 'zooPreprocessing'>,
  options: PreprocessingOptions,
): Promise<Preprocessing> {
  const { loadPreprocessing } = await import('../data/preprocessing.ts');
  const { asImage, mainInput } = await import('../graph/inputs/image-input.ts');
  const { bindFeeds } = await import('../graph/inputs/bind-feeds.ts');
  const input = mainInput(bindFeeds(model.graph));
  const image = input ? asImage(input) : null;
  const told = input?.feed ? image : null;
  const stored = loadPreprocessing(model.graph) ?? model.zooPreprocessing;
  const { extents } = await import('../measure/image-size.ts');
  const given = options.size === undefined ? null : extents(options.size);
  const channels = fixed(image?.channels);
  const preprocessing = {
    height: given?.[0] ?? fixed(told?.height) ?? stored?.height ?? fixed(image?.height),
    width: given?.[1] ?? fixed(told?.width) ?? stored?.width ?? fixed(image?.width),
    mean: ofChannels(options.mean, channels) ?? stored?.mean,
    std: ofChannels(options.std, channels) ?? stored?.std,
  };
  requireAll(preprocessing, model.name);
  checkChannels(preprocessing, channels);
  checkSize(preprocessing, [fixed(image?.height), fixed(image?.width)]);
  return preprocessing;
}

/** One number counts for every channel. */
const ofChannels = (list: readonly number[] | undefined, channels = 1): readonly number[] | undefined =>
  list?.length === 1 ? new Array<number>(channels).fill(list[0]!) : list;

const fixed = (dim: unknown): number | undefined => (typeof dim === 'number' ? dim : undefined);

function requireAll(found: Partial<Preprocessing>, where: string): asserts found is Preprocessing {
  const flags = { '--mean': found.mean, '--std': found.std, '--size': found.height && found.width };
  const missing = Object.entries(flags).flatMap(([flag, value]) => (value ? [] : [flag]));
  if (missing.length === 0) return;
  const message = `the model does not contain its preprocessing: expected ${missing.join(', ')}`;
  throw new EspalierError('usage', message, { where });
}

/** The sizes that a network fixes are the ones that its images must have. */
function checkSize(
  { height, width }: Preprocessing,
  [fixedHeight = height, fixedWidth = width]: readonly (number | undefined)[],
): void {
  if (height === fixedHeight && width === fixedWidth) return;
  const message = `--size: expected ${fixedHeight}x${fixedWidth}, as the model fixes it, found ${height}x${width}`;
  throw new EspalierError('usage', message);
}

function checkChannels({ mean, std }: Preprocessing, channels: number = mean.length): void {
  for (const [flag, list] of Object.entries({ '--mean': mean, '--std': std })) {
    if (list.length === channels) continue;
    const message = `${flag}: expected ${channels} number${channels === 1 ? '' : 's'}, one per channel, found ${list.length}`;
    throw new EspalierError('usage', message);
  }
  if (std.some((value) => !(value > 0))) throw new EspalierError('usage', '--std: expected numbers above 0');
}
