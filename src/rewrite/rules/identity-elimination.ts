import type { Edits } from '../../graph/edit/edits.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { attributesOf, isOperator, type OperatorName } from '../../graph/operators/index.ts';
import { toNumbers } from '../../numeric/tensor.ts';
import { rewriteContext } from './rewrite-context.ts';
import type { RewriteRule } from './rewrite-nodes.ts';

/** Conditions under which an operator's output equals its first input. */
const identities: { readonly [Op in OperatorName]?: (node: Node, edits: Edits) => boolean } = {
  Identity: () => true,
  Dropout: ({ inputs: [, , training], outputs: [, mask] }, { uses }) =>
    (!training || isFilled(training, 0)) && !(mask && uses.has(mask)),
  Cast: ({ inputs: [x], outputs: [y] }) => !!x?.dtype && x.dtype === y?.dtype,
  Pad: ({ inputs: [, pads] }) => isFilled(pads, 0),
  Expand: ({ inputs: [x], outputs: [y] }) => sameFixedShape(x, y),
  Reshape: ({ inputs: [x], outputs: [y] }) => sameFixedShape(x, y),
  Concat: ({ inputs }) => inputs.length === 1,
  Gather: takesAll,
  Transpose: (node) => attributesOf(node, 'Transpose').perm?.every((axis, i) => axis === i) ?? false,
};
const operators = Object.keys(identities) as OperatorName[];

/** Removes nodes whose output equals their first input: Identity, Dropout, and casts, pads and others without effect. */
export const dropIdentity: RewriteRule = {
  name: 'identity',
  ops: operators,
  rewrite(node, edits) {
    const [x] = node.inputs;
    const isIdentity = operators.some((op) => isOperator(node, op) && identities[op]?.(node, edits));
    return x && isIdentity && bypassNode(node, x, edits) ? true : null;
  },
};

/** Applies {@link dropIdentity} to all nodes, in place. */
export function removeIdentities(graph: Graph): void {
  const context = rewriteContext(graph);
  for (const node of graph.nodes) if (!context.isRemoved(node)) dropIdentity.rewrite(node, context);
  context.apply();
}

const isFilled = (value: Value | null | undefined, wanted: number): boolean =>
  !!value?.tensor && Array.from(value.tensor.data as ArrayLike<number>, Number).every((x) => x === wanted);

function sameFixedShape(x: Value | null | undefined, y: Value | null | undefined): boolean {
  const [a, b] = [x?.shape, y?.shape];
  return !!a && a.length === b?.length && a.every((dim, i) => typeof dim === 'number' && dim === b[i]);
}

/** Whether the indices are 0, …, n − 1. */
function takesAll(node: Node, { graph }: Edits): boolean {
  const [x, indices] = node.inputs;
  const axis = attributesOf(node, 'Gather').axis;
  const length = x?.shape?.at(axis);
  if (indices?.tensor?.shape.length !== 1 || graph.inputs.includes(indices)) return false;
  return indices.tensor.shape[0] === length && toNumbers(indices.tensor).every((index, i) => index === i);
}

/**
 * Replaces a node's output by the equal value `x`; if it is a graph output, x gets its name. Returns whether the node was
 * removed.
 */
export function bypassNode(node: Node, x: Value, edits: Edits): boolean {
  const output = node.outputs[0];
  if (!output) return false;
  const { graph, producer } = edits;
  if (!graph.outputs.includes(output)) {
    edits.remove(node);
    edits.replaceUses(output, x);
    return true;
  }
  const source = producer.get(x);
  // Inputs, initializers and other graph outputs must keep their names.
  if (!source || graph.outputs.includes(x)) return false;
  edits.remove(node);
  edits.setOutput(source, source.outputs.indexOf(x), output);
  edits.replaceUses(x, output);
  return true;
}
