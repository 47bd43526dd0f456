import { type Node, nodeLabel, requiredInput } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';
import { replaceUses, type ValueUse } from '../../graph/topology.ts';
import { floats } from '../../numeric/tensor.ts';
import { type Affine, type FoldContext, vector } from './fold-context.ts';

/** Folds a·x + s into every convolution that reads it; null where it is done, else why not. */
export function foldIntoReaders(node: Node, affine: Affine, context: FoldContext): string | null {
  const output = node.outputs[0]!;
  const uses = context.uses.get(output) ?? [];
  for (const use of uses) {
    const reason = obstacle(use, affine, context) ?? sharedObstacle(use, uses, context);
    if (reason) return reason;
  }
  for (const use of uses) absorb(use.node!, affine, context);
  replaceUses(context.graph, output, requiredInput(node, 0));
  context.graph.nodes = context.graph.nodes.filter((candidate) => candidate !== node);
  return null;
}

function obstacle({ node: reader, index }: ValueUse, { s }: Affine, { weights }: FoldContext): string | null {
  if (!reader) return 'it is an output of the network';
  if (!isOperator(reader, 'Conv') || index !== 0) return `it is read by ${reader.op}`;
  if (!weights(reader.inputs[1]) || (reader.inputs[2] && !weights(reader.inputs[2]))) {
    return 'the weight of the Conv that reads it is not a float32 constant';
  }
  // Padding enters behind the normalisation as 0, before it as −s/a: no constant of a convolution.
  return isPadded(reader) && s.some((shift) => shift !== 0) ? 'the Conv that reads it pads it' : null;
}

/** Readers may share a weight with each other alone. */
function sharedObstacle(
  { node }: ValueUse,
  uses: readonly ValueUse[],
  { sharer }: FoldContext,
): string | null {
  const other = sharer(
    node!,
    1,
    uses.map((use) => use.node),
  );
  return other && `the weight of the Conv that reads it is shared with ${nodeLabel(other)}`;
}

function isPadded(conv: Node): boolean {
  const { auto_pad: autoPad, pads } = attributesOf(conv, 'Conv');
  return autoPad.startsWith('SAME') || (pads ?? []).some((pad) => pad !== 0);
}

/** W[m, c] · a[c], b[m] + Σ W[m, c]·s[c]. */
function absorb(conv: Node, { a, s }: Affine, context: FoldContext): void {
  const weight = context.weights(conv.inputs[1])!;
  const [filters = 0, perGroup = 0] = weight.shape;
  const { group } = attributesOf(conv, 'Conv');
  const kernelSize = weight.data.length / filters / perGroup;
  const scaled = new Float32Array(weight.data.length);
  const bias = Float64Array.from(context.weights(conv.inputs[2])?.data ?? new Float32Array(filters));
  weight.data.forEach((w, index) => {
    const row = Math.floor(index / kernelSize);
    const filter = Math.floor(row / perGroup);
    const channel = Math.floor(filter / (filters / group)) * perGroup + (row % perGroup);
    scaled[index] = w * a[channel]!;
    bias[filter]! += w * s[channel]!;
  });
  context.setWeight(conv, 1, floats(weight.shape, scaled));
  context.setWeight(conv, 2, vector(bias));
}
