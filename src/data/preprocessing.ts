import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { zip } from '../numeric/zip.ts';
import { type Fitting, fits, type ImageFit } from './image-folder/fits.ts';
import type { ImageSource } from './image-source.ts';

/**
 * How an 8-bit image becomes a network's input: resized to `height` × `width`, then (x/255 − mean) / std per channel. It is
 * stored in the model's metadata, so that evaluating it needs no flags.
 */
export interface Preprocessing extends Fitting {
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Metadata key of the preprocessing, as JSON. */
export const PREPROCESSING_KEY = 'espalier.preprocessing';
/** Metadata key of the class names, as a JSON array. */
export const CLASSES_KEY = 'espalier.classes';

const imagenetColours = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** 32×32 with ImageNet's channel statistics, as in the CIFAR-10 settings of the papers implemented here. */
export const cifar10Preprocessing: Preprocessing = { height: 32, width: 32, ...imagenetColours };
/** 224×224 with ImageNet's channel statistics. */
export const imagenetPreprocessing: Preprocessing = { height: 224, width: 224, ...imagenetColours };
/** 28×28 with mean and standard deviation of the training images. */
export const fashionMnistPreprocessing: Preprocessing = {
  height: 28,
  width: 28,
  mean: [0.286],
  std: [0.353],
};

const size = v.pipe(v.number(), v.integer(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const preprocessingSchema = v.pipe(
  v.object({
    height: size,
    width: size,
    mean: v.pipe(v.array(finite), v.minLength(1)),
    std: v.pipe(v.array(v.pipe(finite, v.gtValue(0))), v.minLength(1)),
    fit: v.exactOptional(v.picklist(Object.keys(fits) as ImageFit[])),
    pad: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
  }),
  v.check(({ mean, std }) => mean.length === std.length, 'mean and std differ in length'),
);
const classesSchema = v.array(v.string());

/**
 * Stores the preprocessing in the graph's metadata, in place: image size, and mean and standard deviation of x/255 per
 * channel.
 *
 * @example
 * storePreprocessing(network, { height: 32, width: 32, mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] });
 */
export function storePreprocessing(
  graph: Graph,
  { height, width, mean, std, fit, pad }: Preprocessing,
): void {
  graph.metadata[PREPROCESSING_KEY] = JSON.stringify({ height, width, mean, std, fit, pad });
}

/** The preprocessing in the graph's metadata; null if there is none. Throws `invalid-model` if it is malformed. */
export function loadPreprocessing(graph: Graph): Preprocessing | null {
  return loadJson(graph, PREPROCESSING_KEY, preprocessingSchema);
}

/**
 * The given preprocessing, else none for a source of raw inputs, else the one in the graph's metadata. Throws `usage` if
 * there is none of these.
 */
export function expectPreprocessing(graph: Graph, images: ImageSource, given?: Preprocessing): Preprocessing {
  const preprocessing = given ?? (images.readInput ? noPreprocessing(images) : loadPreprocessing(graph));
  if (preprocessing) return preprocessing;
  throw new EspalierError('usage', 'the network stores no preprocessing: expected `preprocessing`');
}

/** Raw inputs are not normalised; only their size is used. */
const noPreprocessing = ({ channels, height, width }: ImageSource): Preprocessing => ({
  height,
  width,
  mean: new Array<number>(channels).fill(0),
  std: new Array<number>(channels).fill(1),
});

/** Stores the class names in the graph's metadata, in the order of labels. */
export function storeClasses(graph: Graph, classes: readonly string[]): void {
  graph.metadata[CLASSES_KEY] = JSON.stringify(classes);
}

/** The class names in the graph's metadata; null if there are none. Throws `invalid-model` if they are malformed. */
export function loadClasses(graph: Graph): string[] | null {
  return loadJson(graph, CLASSES_KEY, classesSchema);
}

/** (x/255 − mean) / std as scale·x + shift per channel, for 8-bit x. */
export interface Normalization {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** The scale 1/(255·std) and shift −mean/std of each channel. */
export function normalization({ mean, std }: Preprocessing): Normalization {
  return {
    scale: std.map((deviation) => 1 / (255 * deviation)),
    shift: zip(mean, std).map(([value, deviation]) => -value / deviation),
  };
}

/** (x/255 − mean) / std for every 8-bit x: a table of 256 numbers per channel. */
export function normalizationTables({ mean, std }: Preprocessing): Float32Array[] {
  return zip(mean, std).map(([value, deviation]) =>
    Float32Array.from({ length: 256 }, (_, x) => (x / 255 - value) / deviation),
  );
}

function loadJson<T>(graph: Graph, key: string, schema: v.GenericSchema<unknown, T>): T | null {
  const text = graph.metadata[key];
  if (text === undefined) return null;
  const result = v.safeParse(schema, parseJson(text));
  if (result.success) return result.output;
  const issue = result.issues[0];
  const at = v.getDotPath(issue);
  const message = `${at ? `${at}: ` : ''}${issue.message}`;
  throw new EspalierError('invalid-model', `metadata is malformed: ${message}`, { where: key });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
