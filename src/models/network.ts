import type { ImageShape } from '../data/image-source.ts';
import { type Preprocessing, storePreprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { builderOf } from '../graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../graph/graph.ts';
import { type Layers, layersOf } from './layers.ts';

/** Options of {@link buildModel}. */
export interface ModelOptions {
  /** Number of classes; default: that of the data set the network is meant for. */
  readonly classes?: number;
  /** Seed of the initial parameters; default 0. */
  readonly seed?: number;
  /** Height and width of the images; default: those of the data set the network is meant for. */
  readonly size?: number;
  /** Channels of the images; default 3. */
  readonly channels?: number;
  /** The initial γ of every BatchNormalization; default 1, and 0.5 for Network Slimming and stripe-wise pruning. */
  readonly gamma?: number;
}

/** A network that can be built by name. */
export interface ZooModel {
  readonly title: string;
  readonly paper: string;
  readonly input: ImageShape;
  readonly classes: number;
  readonly preprocessing: Preprocessing;
  /** Builds the network with new parameters: `input` float32 [N, C, size, size] → `logits` [N, classes]. */
  build(options?: ModelOptions): Graph;
}

/** The definition of a built-in network: `body` maps the image to the logits. */
export interface NetworkDefinition {
  readonly title: string;
  readonly paper: string;
  readonly classes: number;
  readonly preprocessing: Preprocessing;
  body(layers: Layers, x: Value, classes: number): Value;
}

/** The built-in network of a definition. `build` throws `usage` if an option is not a positive integer. */
export function defineNetwork(name: string, definition: NetworkDefinition): ZooModel {
  const { title, paper, classes, preprocessing } = definition;
  const { height, width } = preprocessing;
  return {
    title,
    paper,
    classes,
    preprocessing,
    input: { channels: preprocessing.mean.length, height, width },
    build: (options = {}) => build(name, definition, options),
  };
}

function build(name: string, definition: NetworkDefinition, options: ModelOptions): Graph {
  const { preprocessing } = definition;
  const { seed = 0, gamma = 1 } = options;
  const { classes = definition.classes, channels = 3, size = preprocessing.height } = options;
  checkPositive(name, { classes, channels, size });
  const graph = emptyGraph(name);
  const g = builderOf(graph);
  const input = g.input('input', 'float32', ['N', channels, size, size]);
  g.output(definition.body(layersOf(g, { seed, gamma }), input, classes), 'logits');
  // The means are for three colours; other images need the preprocessing of their own data set.
  if (channels === preprocessing.mean.length) {
    storePreprocessing(graph, { ...preprocessing, height: size, width: size });
  }
  return graph;
}

function checkPositive(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new EspalierError('usage', `${option}: expected a positive integer, found ${value}`, { where });
  }
}
