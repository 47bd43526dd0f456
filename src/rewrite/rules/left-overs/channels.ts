import type { ConstantConvolution } from '../../../graph/convolution.ts';
import { isRefusal, refuse } from '../../../graph/edit/refused.ts';
import { type Node, onlyOutput, requiredInput } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import { elementCount, floats } from '../../../numeric/tensor.ts';
import { constantConvolution, setConvolution } from '../constant-convolution.ts';
import { tooCostly } from '../growth.ts';
import type { RewriteContext } from '../rewrite-context.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';
import { type Gathered, gatherOf } from './gather.ts';

/** The indices of a Gather of an image's channels by a vector. */
function channelsOf(node: Node | undefined, context: RewriteContext): Gathered | null {
  const gathered = gatherOf(node, context);
  return gathered?.axis === 1 && node?.inputs[1]?.shape?.length === 1 ? gathered : null;
}

/** Gather(conv(x), i) = conv with filters W[i], b[i]; for convolutions without groups. */
export const takeFilters: RewriteRule = {
  name: 'Gather of Conv',
  ops: ['Gather'],
  rewrite(node, context) {
    const gathered = channelsOf(node, context);
    const source = soleProducer(node.inputs[0], context);
    if (!gathered || !isOperator(source, 'Conv')) return null;
    const convolution = constantConvolution(source, context);
    if (isRefusal(convolution)) return convolution;
    const { group, weight, bias } = convolution;
    if (group > 1) return refuse('inexact', 'it mixes the groups of the Conv before it');
    const { indices, length } = gathered;
    const costly = tooCostly(
      { before: weight.data.length, after: (weight.data.length / length) * indices.length },
      1,
    );
    if (costly) return costly;
    const taken = rowsTaken(convolution, indices);
    setConvolution(
      source,
      { ...convolution, weight: taken, bias: bias && indices.map((i) => bias[i]!) },
      context,
    );
    context.remove(node);
    context.setOutput(source, 0, onlyOutput(node));
    return true;
  },
};

function rowsTaken({ weight, filters }: ConstantConvolution, indices: readonly number[]) {
  const size = weight.data.length / filters;
  const data = new Float32Array(indices.length * size);
  indices.forEach((filter, row) =>
    data.set(weight.data.subarray(filter * size, (filter + 1) * size), row * size),
  );
  return floats(weight.shape.with(0, indices.length), data);
}

/**
 * conv(Gather(x, i)) = conv of x with W′[m, i[c]] = Σ W[m, c], if x has no more channels than are gathered and only
 * convolutions read them.
 */
export const gatherInto: RewriteRule = {
  name: 'Conv of Gather',
  ops: ['Conv'],
  rewrite(node, context) {
    const between = node.inputs[0];
    const source = between ? context.producer.get(between) : undefined;
    const gathered = channelsOf(source, context);
    if (!between || !source || !gathered) return null;
    const readers = (context.uses.get(between) ?? []).map(({ node: reader, index }) =>
      isOperator(reader, 'Conv') && index === 0 ? constantConvolution(reader, context) : null,
    );
    for (const reader of readers) {
      if (reader === null || isRefusal(reader)) return reader;
      if (reader.group > 1) return refuse('inexact', 'the Gather before it mixes groups');
    }
    const convolution = constantConvolution(node, context);
    if (isRefusal(convolution)) return convolution;
    const before = convolution.weight.data.length;
    const costly = tooCostly({ before, after: (before / gathered.indices.length) * gathered.length }, 1);
    if (costly) return costly;
    const x = requiredInput(source, 0);
    setConvolution(node, { ...convolution, x, weight: scattered(convolution, gathered) }, context);
    return true;
  },
};

function scattered({ weight, filters, kernel }: ConstantConvolution, { indices, length }: Gathered) {
  const size = elementCount(kernel);
  const data = new Float32Array(filters * length * size);
  weight.data.forEach((w, at) => {
    const [row, tap] = [Math.floor(at / size), at % size];
    const [filter, c] = [Math.floor(row / indices.length), row % indices.length];
    data[(filter * length + indices[c]!) * size + tap]! += w;
  });
  return floats([filters, length, ...kernel], data);
}
