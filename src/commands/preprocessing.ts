import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { numbers, optional, text, wholeNumber } from './flags.ts';
import type { LoadedModel } from './model.ts';

/** Flags for models whose files do not say how images become inputs. */
export const preprocessingFlags = {
  mean: optional('--mean <list>', 'mean of each channel of x/255: 0.485,0.456,0.406', numbers),
  std: optional('--std <list>', 'standard deviation of each channel: 0.229,0.224,0.225', numbers),
  size: optional('--size <n>', 'height and width of the input', wholeNumber()),
  labels: optional('--labels <file>', "class names, one a line, in the order of the model's outputs", text),
};

/** The values of {@link preprocessingFlags} that decide on pixels. */
export interface PreprocessingOptions {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly size?: number;
}

/**
 * How images become a model's input: the flags, else the model's metadata, else the zoo's; the size also from the
 * shape of the input. Throws `usage` naming the flags that are missing.
 */
export async function resolvePreprocessing(
  model: LoadedModel,
  options: PreprocessingOptions,
): Promise<Preprocessing> {
  const { loadPreprocessing } = await import('../data/preprocessing.ts');
  const stored = loadPreprocessing(model.graph) ?? model.zooPreprocessing;
  const { channels, height, width } = inputSize(model);
  const wanted = {
    height: options.size ?? stored?.height ?? height,
    width: options.size ?? stored?.width ?? width,
    mean: options.mean ?? stored?.mean,
    std: options.std ?? stored?.std,
  };
  const missing = [
    !wanted.mean && '--mean',
    !wanted.std && '--std',
    !(wanted.height && wanted.width) && '--size',
  ];
  if (missing.some(Boolean)) {
    const flags = missing.filter(Boolean).join(', ');
    throw new EspalierError('usage', `the model does not say how images are prepared: give ${flags}`, {
      where: model.name,
    });
  }
  const found = wanted as Preprocessing;
  for (const [flag, list] of [
    ['--mean', found.mean],
    ['--std', found.std],
  ] as const) {
    if (channels !== null && list.length !== channels) {
      throw new EspalierError(
        'usage',
        `${flag}: expected ${channels} numbers, one a channel, found ${list.length}`,
      );
    }
  }
  if (found.std.some((std) => !(std > 0)))
    throw new EspalierError('usage', '--std: expected numbers above 0');
  return found;
}

/** The sizes that the model's first input fixes; [N, C, H, W], or [N, H, W, C] where the last is 1 or 3. */
function inputSize({ graph }: LoadedModel) {
  const initializers = new Set(graph.initializers);
  const shape = graph.inputs.find((input) => !initializers.has(input))?.shape ?? [];
  const fixed = (dim: unknown) => (typeof dim === 'number' ? dim : null);
  const [, first, second, third] = shape.map(fixed);
  const channelsLast = shape.length === 4 && (third === 1 || third === 3) && first !== 1 && first !== 3;
  if (shape.length !== 4) return { channels: null, height: null, width: null };
  return channelsLast
    ? { channels: third!, height: first ?? null, width: second ?? null }
    : { channels: first ?? null, height: second ?? null, width: third ?? null };
}
