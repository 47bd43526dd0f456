import { EspalierError } from '../errors.ts';
import { builderOf } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { connections, replaceUses } from '../graph/topology.ts';
import type { DataType } from '../numeric/tensor.ts';
import { type ImageInput, imageInput } from './image-input.ts';

/** What a classifier's scores are: of any size, probabilities, or their logarithms. */
export type Scores = 'logits' | 'probabilities' | 'log-probabilities';

/** A network that takes float32 images [N, C, H, W] and gives float32 scores as its one output. */
export interface Classifier {
  readonly graph: Graph;
  readonly input: string;
  readonly output: string;
  readonly scores: Scores;
  /** The input as the network itself has it. */
  readonly image: ImageInput;
  /** The batch that the model fixes; null where it is free. */
  readonly batch: number | null;
  /** Whether the network takes the 8-bit values themselves. */
  readonly rawPixels: boolean;
}

/** ONNX's numbers of the types that images and scores are converted between. */
const typeNumbers: { readonly [D in DataType]?: number } = {
  float32: 1,
  uint8: 2,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** A copy of a network whose input and first output are converted where they are no float32, and NHWC input transposed. */
export function asClassifier(graph: Graph): Classifier {
  const copy = cloneGraph(graph);
  const image = imageInput(copy);
  const scores = scoresOf(copy);
  const input = convertInput(copy, image);
  const output = convertOutput(copy);
  copy.outputs = [output];
  return {
    graph: copy,
    input: input.name,
    output: output.name,
    scores,
    image,
    batch: typeof image.batch === 'number' ? image.batch : null,
    rawPixels: image.value.dtype === 'uint8',
  };
}

/** Nodes that change neither the scores nor their order. */
const passive: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Dropout',
]);
const normalizing: Readonly<Record<string, Scores>> = {
  Softmax: 'probabilities',
  LogSoftmax: 'log-probabilities',
};

function scoresOf(graph: Graph): Scores {
  const { producer } = connections(graph);
  let node = producer.get(firstOutput(graph));
  while (node && passive.has(node.op)) node = node.inputs[0] ? producer.get(node.inputs[0]) : undefined;
  return (node && normalizing[node.op]) ?? 'logits';
}

function firstOutput(graph: Graph): Value {
  const [output] = graph.outputs;
  if (output) return output;
  throw new EspalierError('invalid-model', 'expected an output, found none', { where: graph.name });
}

/** Puts Cast and Transpose in front of the network where its own input is no float32 [N, C, H, W]. */
function convertInput(graph: Graph, { value, layout, ...dims }: ImageInput): Value {
  const type = typeNumber(value);
  if (layout === 'NCHW' && value.dtype === 'float32') return value;
  const { batch, channels, height, width } = dims;
  const g = builderOf(graph);
  const images = g.input(`${value.name}.images`, 'float32', [batch, channels, height, width]);
  const before = graph.nodes.length;
  let converted: Value = images;
  if (layout === 'NHWC') converted = g.Transpose(converted, { perm: [0, 2, 3, 1] });
  if (value.dtype !== 'float32') converted = g.Cast(converted, { to: type });
  const added = graph.nodes.splice(before);
  replaceUses(graph, value, converted);
  graph.nodes.unshift(...added);
  graph.inputs = graph.inputs.filter((input) => input !== value);
  return images;
}

function convertOutput(graph: Graph): Value {
  const output = firstOutput(graph);
  if (output.dtype === 'float32' || output.dtype === null) return output;
  typeNumber(output);
  return builderOf(graph).Cast(output, { to: typeNumbers.float32 });
}

function typeNumber(value: Value): number {
  const type = value.dtype && typeNumbers[value.dtype];
  if (type) return type;
  const message = `expected one of ${Object.keys(typeNumbers).join(', ')}, found ${value.dtype ?? 'no tensor'}`;
  throw new EspalierError('unsupported', message, { where: value.name });
}
