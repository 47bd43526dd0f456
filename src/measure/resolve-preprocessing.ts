import type { Fitting, ImageFit } from '../data/image-folder/fits.ts';
import { loadPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { asImage, mainInput } from '../graph/inputs/image-input.ts';
import { extents, type ImageSize } from './image-size.ts';

/** A network whose preprocessing is sought. */
export interface PreprocessedModel {
  readonly graph: Graph;
  readonly name: string;
  /** Preprocessing of a built-in network; null for other models. */
  readonly zooPreprocessing: Preprocessing | null;
}

/** What is known of the preprocessing beside the network. */
export interface PreprocessingOptions {
  /** For each channel, of x/255; a single number applies to all channels. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly size?: ImageSize;
  readonly fit?: ImageFit | undefined;
  /** For the fit `letterbox`. */
  readonly pad?: number | undefined;
}

/**
 * Determines the preprocessing of a network: from the options, else from its metadata, else from `zooPreprocessing`; the size
 * also from the shape of its input. Throws `usage` naming the options that are missing, or that contradict the network.
 */
export function resolvePreprocessing(model: PreprocessedModel, options: PreprocessingOptions): Preprocessing {
  const input = mainInput(bindFeeds(model.graph));
  const image = input ? asImage(input) : null;
  const fed = input?.feed ? image : null;
  const stored = loadPreprocessing(model.graph) ?? model.zooPreprocessing;
  const given = options.size === undefined ? null : extents(options.size);
  const channels = fixed(image?.channels);
  const preprocessing = {
    height: given?.[0] ?? fixed(fed?.height) ?? stored?.height ?? fixed(image?.height),
    width: given?.[1] ?? fixed(fed?.width) ?? stored?.width ?? fixed(image?.width),
    mean: ofChannels(options.mean, channels) ?? stored?.mean,
    std: ofChannels(options.std, channels) ?? stored?.std,
    ...fitOf(options, stored),
  };
  requireAll(preprocessing, model.name);
  checkChannels(preprocessing, channels);
  checkSize(preprocessing, [fixed(image?.height), fixed(image?.width)]);
  return preprocessing;
}

/** The fit, and the border of a letterbox; neither if nobody names a fit. */
function fitOf(options: PreprocessingOptions, stored: Preprocessing | null): Fitting {
  const fit = options.fit ?? stored?.fit;
  if (fit === 'letterbox') return defined({ fit, pad: options.pad ?? stored?.pad });
  if (options.pad === undefined) return defined({ fit });
  throw new EspalierError('usage', `\`pad\` needs \`fit\` letterbox, found ${fit ?? 'crop'}`);
}

/** Repeats a single number for every channel. */
const ofChannels = (list: readonly number[] | undefined, channels = 1): readonly number[] | undefined =>
  list?.length === 1 ? new Array<number>(channels).fill(list[0]!) : list;

const fixed = (dim: unknown): number | undefined => (typeof dim === 'number' ? dim : undefined);

function requireAll(found: Partial<Preprocessing>, where: string): asserts found is Preprocessing {
  const needed = { mean: found.mean, std: found.std, size: found.height && found.width };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value ? [] : [`\`${name}\``]));
  if (missing.length === 0) return;
  const message = `the model does not contain its preprocessing: expected ${missing.join(', ')}`;
  throw new EspalierError('usage', message, { where });
}

/** Checks the image size against the size that the network fixes. */
function checkSize(
  { height, width }: Preprocessing,
  [fixedHeight = height, fixedWidth = width]: readonly (number | undefined)[],
): void {
  if (height === fixedHeight && width === fixedWidth) return;
  const message = `\`size\`: expected ${fixedHeight}x${fixedWidth}, as the model fixes it, found ${height}x${width}`;
  throw new EspalierError('usage', message);
}

function checkChannels({ mean, std }: Preprocessing, channels: number = mean.length): void {
  for (const [name, list] of Object.entries({ mean, std })) {
    if (list.length === channels) continue;
    const message = `\`${name}\`: expected ${channels} number${channels === 1 ? '' : 's'}, one per channel, found ${list.length}`;
    throw new EspalierError('usage', message);
  }
  if (std.some((value) => !(value > 0))) throw new EspalierError('usage', '`std`: expected numbers above 0');
}
