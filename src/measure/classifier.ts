import type { ImageSource } from '../data/image-source.ts';
import { EspalierError } from '../errors.ts';
import { builderOf } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { type ImageInput, imageInput } from '../graph/inputs/image-input.ts';
import { isOneOf } from '../graph/operators/index.ts';
import { connections, removeDeadNodes, replaceUses } from '../graph/topology.ts';
import type { DataType } from '../numeric/tensor.ts';
import { classScores, type ScoresSought } from './outputs/class-scores.ts';

/** The scale of class scores: unnormalised, probabilities, or log-probabilities. */
export type Scores = 'logits' | 'probabilities' | 'log-probabilities';

/** A network with an input of float32 images [N, C, H, W]. */
export interface ImageNetwork {
  readonly graph: Graph;
  readonly input: string;
  /** The original image input of the network. */
  readonly image: ImageInput;
  /** The value that the network's nodes read: the input, or its converted form. */
  readonly images: Value;
  /** The batch size that the model fixes; null if it is open. */
  readonly batch: number | null;
  /** Whether the network's own input takes 8-bit values. */
  readonly rawPixels: boolean;
}

/** Throws `shape` if the network fixes a number of channels or a size that the images do not have. */
export function expectImagesFit(
  image: ImageInput,
  { name, channels, height, width }: Pick<ImageSource, 'name' | 'channels' | 'height' | 'width'>,
): void {
  const found = [channels, height, width];
  const expected = [image.channels, image.height, image.width];
  if (expected.every((dim, i) => typeof dim !== 'number' || dim === found[i])) return;
  const message = `expected images of ${expected.map((dim) => dim ?? '?').join('×')}, found ${found.join('×')}`;
  throw new EspalierError('shape', message, { where: name });
}

/** A network whose only output is float32 class scores. */
export interface Classifier extends ImageNetwork {
  readonly output: string;
  readonly scores: Scores;
}

/** ONNX type numbers for the conversion of images and scores. */
const typeNumbers: { readonly [D in DataType]?: number } = {
  float32: 1,
  uint8: 2,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** A copy that takes float32 images [N, C, H, W]: other image inputs are converted in the graph. */
export function asImageNetwork(network: Graph): ImageNetwork {
  const graph = cloneGraph(network);
  const image = imageInput(graph);
  const { input, images } = convertInput(graph, image);
  return {
    images,
    graph,
    input: input.name,
    image,
    batch: typeof image.batch === 'number' ? image.batch : null,
    rawPixels: image.value.dtype === 'uint8',
  };
}

/** {@link asImageNetwork} with float32 class scores as the only output. Throws the errors of {@link classScores}. */
export function asClassifier(network: Graph, sought: ScoresSought = {}): Classifier {
  const converted = asImageNetwork(network);
  const { graph } = converted;
  const index = network.outputs.indexOf(classScores(network, sought));
  const found = graph.outputs[index]!;
  const scores = scoresOf(graph, found);
  const output = convertOutput(graph, found);
  graph.outputs = [output];
  removeDeadNodes(graph);
  return { ...converted, output: output.name, scores };
}

/** Operators that change neither scores nor their order. */
const keepsScores = isOneOf('Identity', 'Cast', 'Flatten', 'Reshape', 'Squeeze', 'Dropout');
const normalizing: Readonly<Record<string, Scores>> = {
  Softmax: 'probabilities',
  LogSoftmax: 'log-probabilities',
};

/** The Softmax or LogSoftmax that computes an output, possibly through nodes that keep the scores; null if there is none. */
export function normalizationBefore(graph: Graph, output: Value): Node | null {
  const { producer } = connections(graph);
  let node = producer.get(output);
  while (node && keepsScores(node)) {
    node = node.inputs[0] ? producer.get(node.inputs[0]) : undefined;
  }
  return node?.domain === '' && Object.hasOwn(normalizing, node.op) ? node : null;
}

/** The scale of an output's class scores. */
export const scoresOf = (graph: Graph, output: Value): Scores =>
  normalizing[normalizationBefore(graph, output)?.op ?? ''] ?? 'logits';

/** Inserts Cast and Transpose if the image input is not float32 [N, C, H, W]. */
function convertInput(
  graph: Graph,
  { value, layout, ...dims }: ImageInput,
): { readonly input: Value; readonly images: Value } {
  const type = typeNumber(value);
  if (layout === 'NCHW' && value.dtype === 'float32') return { input: value, images: value };
  const { batch, channels, height, width } = dims;
  const g = builderOf(graph);
  const images = g.input(`${value.name}.images`, 'float32', [batch, channels, height, width]);
  const before = graph.nodes.length;
  let converted: Value = images;
  if (layout === 'NHWC' || layout === 'HWC') converted = g.Transpose(converted, { perm: [0, 2, 3, 1] });
  if (layout === 'CHW' || layout === 'HWC') converted = g.Squeeze(converted, g.int64s([0]));
  if (value.dtype !== 'float32') converted = g.Cast(converted, { to: type });
  const added = graph.nodes.splice(before);
  replaceUses(graph, value, converted);
  graph.nodes.unshift(...added);
  graph.inputs = graph.inputs.flatMap((input) =>
    input === value ? [images] : input === images ? [] : [input],
  );
  return { input: images, images: converted };
}

function convertOutput(graph: Graph, output: Value): Value {
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
