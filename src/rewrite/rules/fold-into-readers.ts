import { isPadded } from '../../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { type Node, nodeLabel, onlyOutput, requiredInput } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';
import type { ValueUse } from '../../graph/topology.ts';
import { fixedWindow } from '../../graph/window.ts';
import { type Float32Tensor, floats } from '../../numeric/tensor.ts';
import { type Affine, type RewriteContext, vector } from './rewrite-context.ts';

/** Folds a·x + s into all convolutions that read it. */
export function foldIntoReaders(node: Node, affine: Affine, context: RewriteContext): true | Refusal {
  const output = onlyOutput(node);
  const uses = context.uses.get(output) ?? [];
  const readers: Reader[] = [];
  for (const use of uses) {
    const reader = readerOf(use, affine, context);
    if (isRefusal(reader)) return reader;
    // Readers may share a weight only with each other.
    const other = context.sharer(
      reader.node,
      1,
      uses.map((one) => one.node),
    );
    if (other)
      return refuse('shared', `the weight of the Conv that reads it is shared with ${nodeLabel(other)}`);
    readers.push(reader);
  }
  for (const reader of readers) absorb(reader, affine, context);
  context.remove(node);
  context.replaceUses(output, requiredInput(node, 0));
  return true;
}

/** A Conv into which a factor and a summand per input channel can be folded. */
interface Reader {
  readonly node: Node;
  readonly weight: Float32Tensor;
  readonly bias: Float32Tensor | null;
}

function readerOf({ node, index }: ValueUse, { s }: Affine, { weights }: RewriteContext): Reader | Refusal {
  if (!node) return refuse('shared', 'it is an output of the network');
  if (!isOperator(node, 'Conv') || index !== 0) return refuse('unsupported', `it is read by ${node.op}`);
  const [weight, bias] = [weights(node.inputs[1]), weights(node.inputs[2])];
  if (!weight || (node.inputs[2] && !bias))
    return refuse('not-constant', 'the weight of the Conv that reads it is not a float32 constant');
  // After the normalisation, padding is 0; before it, padding would have to be −s/a, which a convolution cannot express.
  const window = fixedWindow(node, attributesOf(node, 'Conv'), weight.shape.slice(2));
  return (!window || isPadded(window)) && s.some((shift) => shift !== 0)
    ? refuse('inexact', 'the Conv that reads it pads it')
    : { node, weight, bias };
}

/** W[m, c] · a[c], b[m] + Σ W[m, c]·s[c]. */
function absorb({ node, weight, bias }: Reader, { a, s }: Affine, context: RewriteContext): void {
  const [filters = 0, perGroup = 0] = weight.shape;
  const { group } = attributesOf(node, 'Conv');
  const kernelSize = weight.data.length / filters / perGroup;
  const scaled = new Float32Array(weight.data.length);
  const shifted = Float64Array.from(bias?.data ?? new Float32Array(filters));
  weight.data.forEach((w, index) => {
    const row = Math.floor(index / kernelSize);
    const filter = Math.floor(row / perGroup);
    const channel = Math.floor(filter / (filters / group)) * perGroup + (row % perGroup);
    scaled[index] = w * (a[channel] ?? 0);
    shifted[filter]! += w * (s[channel] ?? 0);
  });
  context.setWeight(node, 1, floats(weight.shape, scaled));
  context.setWeight(node, 2, vector(shifted));
}
