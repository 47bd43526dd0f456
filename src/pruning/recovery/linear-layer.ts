import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import {
  type ConstantValue,
  isConstantValue,
  type Node,
  onlyOutput,
  requiredInput,
  staticShape,
} from '../../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import { explicitWindow } from '../../graph/window.ts';
import { elementCount, stridesOf, type Tensor } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';

/** A layer as a linear map: at each position, `columns` inputs of each group are multiplied by the weights of its filters. */
export interface LinearLayer {
  readonly node: Node;
  readonly weight: ConstantValue;
  readonly groups: number;
  /** C/group · kH·kW. */
  readonly columns: number;
  readonly filters: number;
  /** Whether weight (m, c) is at m·columns + c; else at c·filters + m. */
  readonly filterMajor: boolean;
  /** y = weightFactor·x·W + biasFactor·bias. */
  readonly weightFactor: number;
  readonly biasFactor: number;
  /** Index of the bias among the node's inputs; null if the operator has none. */
  readonly biasAt: number | null;
  /** The channel axis of x and y. */
  readonly channelAxis: 1 | -1;
}

/** The properties of a linear layer without its node and weight. */
type LinearForm = Omit<LinearLayer, 'node' | 'weight'>;

type LinearRow = (node: Node, weight: Tensor) => LinearForm | Refusal;

/** One row per operator. */
const rows: { readonly [Op in OperatorName]?: LinearRow } = {
  Conv(node, { shape }) {
    const { group } = attributesOf(node, 'Conv');
    const [filters = 0] = shape;
    const columns = elementCount(shape.slice(1));
    const plain = { filterMajor: true, weightFactor: 1, biasFactor: 1, biasAt: 2, channelAxis: 1 } as const;
    return { ...plain, groups: group, columns, filters };
  },
  Gemm(node, { shape }) {
    const { transA, transB, alpha, beta } = attributesOf(node, 'Gemm');
    if (transA) return refuse('unsupported', 'its input is transposed');
    if (alpha === 0 || beta === 0) return refuse('unsupported', 'a factor of it is 0');
    const [filters = 0, columns = 0] = transB ? shape : [...shape].reverse();
    const scaled = { filterMajor: transB === 1, weightFactor: alpha, biasFactor: beta, biasAt: 2 } as const;
    return { ...scaled, groups: 1, columns, filters, channelAxis: -1 };
  },
  MatMul(_, { shape }) {
    if (shape.length !== 2) return refuse('unsupported', 'its weight is not a matrix');
    const [columns = 0, filters = 0] = shape;
    const plain = { filterMajor: false, weightFactor: 1, biasFactor: 1, biasAt: null } as const;
    return { ...plain, groups: 1, columns, filters, channelAxis: -1 };
  },
};

/** A node as a linear layer; null if it is none with constant weights; a refusal if it cannot be refitted. */
export function linearLayer(node: Node): LinearLayer | Refusal | null {
  const op = knownOperator(node);
  const row = op && rows[op];
  const weight = node.inputs[1];
  if (!row || !weight || !isConstantValue(weight)) return null;
  if (weight.tensor.dtype !== 'float32')
    return refuse('not-constant', `expected a float32 weight, found ${weight.tensor.dtype}`);
  const form = row(node, weight.tensor);
  return isRefusal(form) ? form : (biasObstacle(node, form) ?? { node, weight, ...form });
}

function biasObstacle(node: Node, { biasAt, filters }: LinearForm): Refusal | null {
  const bias = biasAt === null ? null : node.inputs[biasAt];
  if (!bias) return null;
  const isPlain = bias.tensor?.dtype === 'float32' && [1, filters].includes(elementCount(bias.tensor.shape));
  return isPlain ? null : refuse('not-constant', 'its bias is not a constant with one number per filter');
}

/**
 * The inputs of a convolution with fixed shapes: indices into the flat, padded input, for each position and kernel position.
 */
export interface KernelReads {
  /** Padding: the begins, then the ends of the spatial axes. */
  readonly pads: readonly number[];
  readonly kernel: number;
  /** The flat indices for some positions, by kernel position. */
  at(places: ArrayLike<number>): number[];
}

export function layerTaps({ node, weight }: LinearLayer): KernelReads {
  const size = staticShape(requiredInput(node, 0)).slice(2);
  const out = staticShape(onlyOutput(node)).slice(2);
  const kernel = weight.tensor.shape.slice(2);
  const { pads, strides, dilations } = explicitWindow(attributesOf(node, 'Conv'), size, kernel);
  const axes = size.length;
  const padded = zip(size, pads.slice(0, axes), pads.slice(axes)).map(
    ([length, begin, end]) => begin + length + end,
  );
  const flat = stridesOf(padded);
  const offsets = flatIndices(kernel, products(dilations, flat));
  const places = flatIndices(out, products(strides, flat));
  return {
    pads,
    kernel: offsets.length,
    at: (chosen) => Array.from(chosen).flatMap((place) => offsets.map((offset) => places[place]! + offset)),
  };
}

/** The flat index of each element of a shape, row-major, where `steps` are the distances along its axes. */
const flatIndices = (shape: readonly number[], steps: readonly number[]): number[] =>
  zip(shape, steps).reduce<number[]>(
    (starts, [length, step]) => starts.flatMap((start) => Array.from({ length }, (_, i) => start + i * step)),
    [0],
  );

const products = (a: readonly number[], b: readonly number[]): number[] => zip(a, b).map(([x, y]) => x * y);
