import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { type Node, nodeLabel, onlyOutput, requiredInput } from '../../graph/graph.ts';
import { attributesOf, isOperator, knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import { type Float32Tensor, floats } from '../../numeric/tensor.ts';
import { type Affine, equalTensors, type RewriteContext, vector } from './rewrite-context.ts';

/** The parameters of a source, so that output channel m can be multiplied by a[m] and its bias replaced. */
interface Source {
  readonly node: Node;
  readonly weight: Float32Tensor;
  /** Index of the weight among the inputs. */
  readonly weightAt: number;
  /** The output channel of an element of the weight. */
  channelOf(index: number): number;
  /** The node that adds the bias, with its input; null: the normalisation itself becomes an Add. */
  readonly biasNode: Node | null;
  readonly biasAt: number;
  /** The factor of the bias. */
  readonly beta: number;
}

/** Folds a·x + s into the node that computes x. */
export function foldIntoSource(node: Node, affine: Affine, context: RewriteContext): true | Refusal {
  const x = affine.x ?? requiredInput(node, 0);
  const producer = context.producer.get(x);
  if (!producer) return refuse('unsupported', 'it reads an input of the network');
  const op = knownOperator(producer);
  const make = op && sources[op];
  if (!make) return refuse('unsupported', `it follows ${producer.op}`);
  if (context.uses.get(x)?.length !== 1)
    return refuse('shared', `the output of ${producer.op} is also read elsewhere`);
  const source = make(producer, context);
  if (isRefusal(source)) return source;
  const other = unlike(source, node, context);
  if (other) {
    const reason = `the weight of ${producer.op} is shared with ${nodeLabel(other)}, which has a different normalisation`;
    return refuse('shared', reason);
  }
  return apply(source, affine, { node, context });
}

/** Another node with the same weight but a different normalisation, so that one weight cannot have both folded into it. */
function unlike({ node: source, weightAt }: Source, node: Node, { uses }: RewriteContext): Node | null {
  const sharers = uses.get(requiredInput(source, weightAt)) ?? [];
  for (const { node: other, index } of sharers) {
    if (!other || other === source) continue;
    const [reader, ...others] = other.outputs.flatMap((value) => (value && uses.get(value)) ?? []);
    const isAlike = other.op === source.op && index === weightAt && others.length === 0;
    if (!isAlike || !reader || !sameConstants(node, reader.node)) return other;
  }
  return null;
}

function sameConstants(a: Node, b: Node | null): boolean {
  if (b?.op !== a.op || b.domain !== a.domain || b.inputs.length !== a.inputs.length) return false;
  const attributes = ({ attributes: own }: Node) =>
    JSON.stringify(own, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  if (attributes(a) !== attributes(b)) return false;
  return a.inputs.every((value, i) => {
    const other = b.inputs[i];
    if (!value?.tensor || !other?.tensor) return !value?.tensor && !other?.tensor;
    return value === other || equalTensors(value.tensor, other.tensor);
  });
}

/** Operators into which a factor and a summand per output channel can be folded. */
const sources: { readonly [Op in OperatorName]?: (node: Node, context: RewriteContext) => Source | Refusal } =
  {
    Conv: (node, { weights }) => {
      const weight = weights(node.inputs[1]);
      if (!weight) return computed(node);
      const [filters = 0] = weight.shape;
      const filterSize = weight.data.length / filters;
      const channelOf = (index: number) => Math.floor(index / filterSize);
      return { node, weight, weightAt: 1, channelOf, biasNode: node, biasAt: 2, beta: 1 };
    },
    ConvTranspose: (node, { weights }) => {
      const weight = weights(node.inputs[1]);
      if (!weight) return computed(node);
      const [channels = 0, perGroup = 0, ...kernel] = weight.shape;
      const kernelSize = kernel.reduce((a, b) => a * b, 1);
      const groupSize = channels / attributesOf(node, 'ConvTranspose').group;
      const channelOf = (index: number) => {
        const row = Math.floor(index / kernelSize);
        return Math.floor(row / perGroup / groupSize) * perGroup + (row % perGroup);
      };
      return { node, weight, weightAt: 1, channelOf, biasNode: node, biasAt: 2, beta: 1 };
    },
    Gemm: (node, { weights }) => {
      const weight = weights(node.inputs[1]);
      if (!weight) return computed(node);
      const { transB, beta } = attributesOf(node, 'Gemm');
      const [, columns = 0] = weight.shape;
      const channelOf = (index: number) => (transB ? Math.floor(index / columns) : index % columns);
      return { node, weight, weightAt: 1, channelOf, biasNode: node, biasAt: 2, beta };
    },
    Add: (node, context) => {
      const at = node.inputs.findIndex((value) => context.weights(value));
      const product = node.inputs[1 - at];
      const matMul = product && context.producer.get(product);
      if (at < 0 || !product || !isOperator(matMul, 'MatMul'))
        return refuse('unsupported', 'it follows an Add that does not add a bias');
      if (context.uses.get(product)?.length !== 1)
        return refuse('shared', 'the output of MatMul is also read elsewhere');
      const source = matrixSource(matMul, context);
      return isRefusal(source) ? source : { ...source, biasNode: node, biasAt: at };
    },
    MatMul: matrixSource,
  };

const computed = ({ op }: Node): Refusal =>
  refuse('not-constant', `the weight of ${op} is not a float32 constant`);

function matrixSource(node: Node, { weights }: RewriteContext): Source | Refusal {
  const weight = weights(node.inputs[1]);
  if (weight?.shape.length !== 2)
    return refuse('not-constant', 'the second factor of MatMul is not a float32 constant matrix');
  if (node.inputs[0]?.shape?.length !== 2)
    return refuse('unsupported', 'MatMul multiplies tensors of more than two dimensions');
  const [, columns = 0] = weight.shape;
  return {
    node,
    weight,
    weightAt: 1,
    channelOf: (index) => index % columns,
    biasNode: null,
    biasAt: 1,
    beta: 1,
  };
}

interface FoldTarget {
  readonly node: Node;
  readonly context: RewriteContext;
}

function apply(source: Source, { a, s }: Affine, { node, context }: FoldTarget): true | Refusal {
  const { biasNode, biasAt, beta, channelOf, weight } = source;
  const oldBias = biasNode?.inputs[biasAt];
  const bias = oldBias ? channelBias(context.weights(oldBias), a.length) : new Float32Array(a.length);
  if (!bias) return biasRefusal(biasNode?.op ?? source.node.op);
  const scaled = weight.data.map((w, index) => w * (a[channelOf(index)] ?? 0));
  context.setWeight(source.node, source.weightAt, floats(weight.shape, scaled));
  const shifted = vector(Float64Array.from(bias, (b, c) => beta * b * (a[c] ?? 0) + (s[c] ?? 0)));
  if (biasNode) {
    context.setWeight(biasNode, biasAt, shifted);
    if (biasNode.attributes.beta) biasNode.attributes.beta = { kind: 'float', value: 1 };
    // It now computes the result of the normalisation, under that name.
    context.remove(node);
    context.setOutput(biasNode, 0, onlyOutput(node));
  } else {
    context.become(node, { op: 'Add', inputs: node.inputs.slice(0, 1) });
    context.setWeight(node, 1, shifted);
  }
  return true;
}

/** The refusal for a bias that {@link channelBias} cannot read. */
export const biasRefusal = (name: string): Refusal =>
  refuse('not-constant', `the bias of ${name} is not a float32 constant with one element per channel`);

/** A bias [C], [1, C] or with one element, as one number per channel; null for other shapes. */
export function channelBias(tensor: Float32Tensor | null, channels: number): Float32Array | null {
  if (!tensor || tensor.shape.length > 2) return null;
  const { data, shape } = tensor;
  if (data.length === 1) return new Float32Array(channels).fill(data[0] ?? 0);
  return data.length === channels && shape.at(-1) === channels ? data : null;
}
