import type { Node } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import { elementCount, floats } from '../../../numeric/tensor.ts';
import { type ConstantConvolution, constantConvolution, setConvolution } from '../constant-convolution.ts';
import type { FoldContext } from '../fold-context.ts';
import { tooCostly } from '../growth.ts';
import { type NodeRule, soleProducer } from '../rewrite-nodes.ts';
import { type Gathered, gatherOf } from './gather.ts';

/** The indices of a Gather that makes a vector of channels of an image. */
function channelsOf(node: Node | undefined, context: FoldContext): Gathered | null {
  const gathered = gatherOf(node, context);
  return gathered?.axis === 1 && node?.inputs[1]?.shape?.length === 1 ? gathered : null;
}

/** Gather(conv(x), i) = conv of the filters W[i], b[i]; without groups. */
export const takeFilters: NodeRule = (node, context) => {
  const gathered = channelsOf(node, context);
  const source = soleProducer(node.inputs[0], context);
  if (!gathered || !isOperator(source, 'Conv')) return null;
  const convolution = constantConvolution(source, context);
  if (typeof convolution === 'string') return convolution;
  const { group, weight, bias } = convolution;
  if (group > 1) return 'it mixes the groups of the Conv before it';
  const { indices, length } = gathered;
  const reason = tooCostly(
    { before: weight.data.length, after: (weight.data.length / length) * indices.length },
    1,
  );
  if (reason) return reason;
  const taken = rowsTaken(convolution, indices);
  setConvolution(
    source,
    { ...convolution, weight: taken, bias: bias && indices.map((i) => bias[i]!) },
    context,
  );
  source.outputs[0] = node.outputs[0]!;
  context.graph.nodes = context.graph.nodes.filter((other) => other !== node);
  return true;
};

function rowsTaken({ weight }: ConstantConvolution, indices: readonly number[]) {
  const [filters = 1, ...rest] = weight.shape;
  const size = weight.data.length / filters;
  const data = new Float32Array(indices.length * size);
  indices.forEach((filter, row) =>
    data.set(weight.data.subarray(filter * size, (filter + 1) * size), row * size),
  );
  return floats([indices.length, ...rest], data);
}

/**
 * conv(Gather(x, i)) = conv of x with W′[m, i[c]] = Σ W[m, c], where x has no more channels than were gathered and
 * convolutions alone read them.
 */
export const gatherInto: NodeRule = (node, context) => {
  const between = node.inputs[0];
  const source = between ? context.producer.get(between) : undefined;
  const gathered = channelsOf(source, context);
  if (!between || !source || !gathered) return null;
  const readers = (context.uses.get(between) ?? []).map(({ node: reader, index }) =>
    isOperator(reader, 'Conv') && index === 0 ? constantConvolution(reader, context) : null,
  );
  for (const reader of readers) {
    if (reader === null || typeof reader === 'string') return reader;
    if (reader.group > 1) return 'the Gather before it mixes groups';
  }
  const convolution = constantConvolution(node, context) as ConstantConvolution;
  const before = convolution.weight.data.length;
  const reason = tooCostly({ before, after: (before / gathered.indices.length) * gathered.length }, 1);
  if (reason) return reason;
  const input = source.inputs[0]!;
  setConvolution(node, { ...convolution, input, weight: scattered(convolution, gathered) }, context);
  return true;
};

function scattered({ weight, kernel }: ConstantConvolution, { indices, length }: Gathered) {
  const [filters = 0] = weight.shape;
  const size = elementCount(kernel);
  const data = new Float32Array(filters * length * size);
  weight.data.forEach((w, at) => {
    const [row, tap] = [Math.floor(at / size), at % size];
    const [filter, c] = [Math.floor(row / indices.length), row % indices.length];
    data[(filter * length + indices[c]!) * size + tap]! += w;
  });
  return floats([filters, length, ...kernel], data);
}
