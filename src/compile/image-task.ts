import { loadClasses, loadPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import { type Graph, staticShape } from '../graph/graph.ts';
import { asImage, mainInput } from '../graph/inputs/image-input.ts';
import { findClassScores } from '../measure/outputs/class-scores.ts';

/** What turns a picture into an input of a compiled network, and its output into the name of a class. */
export interface ImageTask {
  readonly input: string;
  readonly channelsLast: boolean;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Of x/255, by channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The output with the class scores. */
  readonly output: string;
  readonly classes: number;
  /** Names of classes; null where the file stores none. */
  readonly labels: readonly string[] | null;
}

/** How a network of fixed shapes classifies images; null where it does not, or where nothing says how pixels are scaled. */
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
  const { mean, std } = preprocessing;
  if (mean.length !== channels) return null;
  const classes = staticShape(scores).reduce((product, dim) => product * dim, 1) / Number(image.batch);
  return {
    input: image.value.name,
    channelsLast: layout === 'NHWC' || layout === 'HWC',
    ...{ channels, height, width, mean, std },
    output: scores.name,
    classes,
    labels: loadClasses(graph),
  };
}
