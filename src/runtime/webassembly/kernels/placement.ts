import { type Node, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { elementCount, stridesOf } from '../../../numeric/tensor.ts';
import type { Plane, Planes } from '../storage.ts';
import type { KernelRow } from './kernel.ts';
import { copyStrided } from './strided-copy.ts';

/** The same elements in the same order with another shape: nothing is computed. */
export const reshapeRow: KernelRow = {
  shares: (node) => (keepsPlanes(node) ? valuesOf(node) : []),
  lower({ node, fusion, scope }) {
    const [input] = node.inputs;
    if (!input) return;
    const shape = staticShape(fusion.output);
    const place = scope.stored(input);
    if (place.kind === 'planes' && keepsPlanes(node))
      scope.store(fusion.output, { ...place, lead: shape.slice(0, -2) });
    else scope.store(fusion.output, { ...scope.dense(input), shape });
  },
};

/** The input itself. */
export const identityRow: KernelRow = {
  shares: (node) => valuesOf(node),
  lower({ node, fusion, scope }) {
    const [input] = node.inputs;
    if (input) scope.store(fusion.output, scope.stored(input));
  },
};

/** A node's first input and output. */
export const valuesOf = ({ inputs: [x], outputs: [y] }: Node): Value[] =>
  [x, y].flatMap((value) => value ?? []);

/** Whether the last two axes are unchanged. */
export function keepsPlanes({ inputs: [x], outputs: [y] }: Node): boolean {
  if (!x || !y) return false;
  const [from, to] = [staticShape(x), staticShape(y)];
  return from.length >= 3 && to.length >= 3 && from.slice(-2).join() === to.slice(-2).join();
}

/** The multi-index of the i-th element. */
export function indicesOf(i: number, shape: readonly number[]): number[] {
  let rest = i;
  return shape
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .toReversed();
}

/** The flat index in shape `from` that broadcasting pairs with index i in shape `to`. */
export function broadcastIndex(i: number, to: readonly number[], from: readonly number[]): number {
  let [rest, index, scale] = [i, 0, 1];
  for (let back = 1; back <= to.length; back++) {
    const size = to[to.length - back] ?? 1;
    const own = from[from.length - back] ?? 1;
    index += own === 1 ? 0 : (rest % size) * scale;
    scale *= own;
    rest = Math.floor(rest / size);
  }
  return index;
}

/** Whether an axis of the input is not among its last two, and the output has two axes or more. */
export const sharesLead = ({ inputs: [x], outputs: [y] }: Node, axis: number): boolean => {
  const rank = x?.shape?.length ?? 0;
  return rank >= 3 && (y?.shape?.length ?? 0) >= 3 && (axis < 0 ? axis + rank : axis) < rank - 2;
};

/** A node's float32 inputs and outputs. */
export const allValues = ({ inputs, outputs }: Node): Value[] =>
  [...inputs, ...outputs].filter(
    (value) => value !== null && (value.tensor?.dtype ?? 'float32') === 'float32',
  ) as Value[];

export const concatRow: KernelRow = {
  shares: (node) => (sharesLead(node, attributesOf(node, 'Concat').axis ?? 0) ? allValues(node) : []),
  lower(lowering) {
    const { node, fusion, scope } = lowering;
    const shape = staticShape(fusion.output);
    const axis = ((attributesOf(node, 'Concat').axis ?? 0) + shape.length) % shape.length;
    const inputs = node.inputs.flatMap((value) => value ?? []);
    if (shape.length >= 3 && axis < shape.length - 2) {
      scope.store(
        fusion.output,
        joinPlanes(
          inputs.map((value) => scope.planes(value)),
          axis,
        ),
      );
      return;
    }
    const to = scope.newDense(fusion.output);
    const strides = stridesOf(shape);
    let begin = 0;
    for (const value of inputs) {
      const own = staticShape(value);
      const from = { dense: scope.dense(value), offset: 0, strides: stridesOf(own) };
      scope.step(
        copyStrided(node, own, { from, to: { dense: to, offset: begin * (strides[axis] ?? 0), strides } }),
      );
      begin += own[axis] ?? 0;
    }
  },
};

function joinPlanes(parts: readonly Planes[], axis: number): Planes {
  const [first] = parts;
  if (!first) throw new Error('a Concat without inputs');
  const outer = elementCount(first.lead.slice(0, axis));
  const planes = Array.from({ length: outer }, (_, o) =>
    parts.flatMap((part): readonly Plane[] => {
      const length = part.planes.length / outer;
      return part.planes.slice(o * length, (o + 1) * length);
    }),
  ).flat();
  const lead = first.lead.map((size, i) =>
    i === axis ? parts.reduce((sum, part) => sum + (part.lead[axis] ?? 0), 0) : size,
  );
  return { ...first, lead, planes };
}

export const transposeRow: KernelRow = {
  shares: (node) => (keepsLast(node) ? valuesOf(node) : []),
  lower(lowering) {
    const { node, fusion, scope } = lowering;
    const [input] = node.inputs;
    if (!input) return;
    const shape = staticShape(input);
    const order = orderOf(node);
    const target = staticShape(fusion.output);
    const place = scope.stored(input);
    if (place.kind === 'planes' && keepsLast(node)) {
      const lead = target.slice(0, -2);
      const strides = stridesOf(place.lead);
      const planes = Array.from({ length: elementCount(lead) }, (_, i) => {
        const index = indicesOf(i, lead).reduce(
          (sum, at, axis) => sum + at * (strides[order[axis] ?? 0] ?? 0),
          0,
        );
        return place.planes[index];
      }).flatMap((plane) => plane ?? []);
      scope.store(fusion.output, { ...place, lead, planes });
      return;
    }
    const strides = stridesOf(shape);
    const from = { dense: scope.dense(input), offset: 0, strides: order.map((axis) => strides[axis] ?? 0) };
    const to = { dense: scope.newDense(fusion.output), offset: 0, strides: stridesOf(target) };
    scope.step(copyStrided(node, target, { from, to }));
  },
};

const orderOf = (node: Node): number[] => {
  const rank = node.inputs[0]?.shape?.length ?? 0;
  const perm = isOperator(node, 'Transpose') ? attributesOf(node, 'Transpose').perm : undefined;
  return [...(perm ?? Array.from({ length: rank }, (_, i) => rank - 1 - i))];
};

const keepsLast = (node: Node): boolean => {
  const order = orderOf(node);
  const rank = order.length;
  return rank >= 3 && order[rank - 2] === rank - 2 && order[rank - 1] === rank - 1;
};
