import { DEFAULT_PAD, type ImageFit } from '../data/image-folder/fits.ts';
import { loadClasses, loadPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import { type Graph, staticShape } from '../graph/graph.ts';
import { asImage, mainInput } from '../graph/inputs/image-input.ts';
import { findClassScores } from '../measure/outputs/class-scores.ts';

/** How to classify a picture: preprocessing of the input, output, and names of classes. */
export interface ImageTask {
  readonly input: string;
  readonly channelsLast: boolean;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Per channel, of x/255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly fit: ImageFit;
  readonly pad: number;
  /** The name of the output with the class scores. */
  readonly output: string;
  readonly classes: number;
  /** Names of classes; null if the file stores none. */
  readonly labels: readonly string[] | null;
}

/** How a network with fixed shapes classifies images; null if it does not, or if its preprocessing is unknown. */
export function imageTaskOf(graph: Graph, known: Preprocessing | null): ImageTask | null {
  const input = mainInput(graph);
  const image = input && asImage(input);
  const preprocessing = loadPreprocessing(graph) ?? known;
  const scores = findClassScores(graph).value;
  if (!image || !preprocessing || !scores) return null;
  const { layout } = image;
  const [channels, height, width] = [image.channels, image.height, image.width].map(Number) as [
    number,
    number,
    number,
  ];
  const { mean, std, fit = 'crop', pad = DEFAULT_PAD } = preprocessing;
  if (mean.length !== channels) return null;
  const classes = staticShape(scores).reduce((product, dim) => product * dim, 1) / Number(image.batch);
  return {
    input: image.value.name,
    channelsLast: layout === 'NHWC' || layout === 'HWC',
    ...{ channels, height, width, mean, std, fit, pad },
    output: scores.name,
    classes,
    labels: loadClasses(graph),
  };
}
