import { type Node, nodeLabel, type Shape, type Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { zip } from '../../numeric/zip.ts';
import { type Channels, spreadOver } from './channels.ts';
import { type CouplingCall, type CouplingRule, dimensionsOf, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** An operand of a broadcasting operator, with its axes aligned to those of the result. */
interface Aligned {
  readonly value: Value;
  readonly channels: Channels | null;
  readonly shift: number;
}

/**
 * y = f(a, b, …) with broadcasting: channels at the same position of y are joined, an operand that is broadcast keeps its
 * channel, and parameters are sliced with the channels.
 */
export const elementwise: CouplingRule<OperatorName> = ({ node, outputs, channels }, scope) => {
  const shape = dimensionsOf(outputs[0]);
  const operands = node.inputs.flatMap((value, i): Aligned[] => {
    if (!value) return [];
    const own = aligned(value, channels[i] ?? null, shape.length - rankOf(value));
    return [{ ...own, channels: unstretched(own.channels, { node, shape }, scope) }];
  });
  const result = joined(operands, scope);
  if (result) for (const operand of operands) follow(operand, { node, result }, scope);
  return outputs.map(() => result);
};

function aligned(value: Value, channels: Channels | null, shift: number): Aligned {
  const moved = channels && { ...channels, axes: channels.axes.map((axis) => axis + shift) };
  return { value, channels: moved, shift };
}

/**
 * The channels of an operand without its broadcast axes. Channels that are broadcast along all axes (a mask with one channel)
 * are pinned.
 */
export function unstretched(
  channels: Channels | null,
  { node, shape }: { readonly node: Node; readonly shape: Shape },
  scope: CouplingScope,
): Channels | null {
  if (!channels) return null;
  const { axes, sizes, labels } = channels;
  const kept = zip(axes, sizes).filter(([axis, size]) => size !== 1 || shape[axis] === 1);
  if (kept.length === axes.length) return channels;
  if (kept.length > 0)
    return { axes: kept.map(([axis]) => axis), sizes: kept.map(([, size]) => size), labels };
  scope.pin(channels, `it is broadcast over other channels in ${nodeLabel(node)}`);
  return null;
}

function joined(operands: readonly Aligned[], scope: CouplingScope): Channels | null {
  const carried = operands.flatMap(({ channels }) => (channels ? [channels] : []));
  if (carried.length === 0) return null;
  const sizeOf = new Map(carried.flatMap(({ axes, sizes }) => zip(axes, sizes)));
  const ordered = [...sizeOf].sort(([a], [b]) => a - b);
  const shape = { axes: ordered.map(([axis]) => axis), sizes: ordered.map(([, size]) => size) };
  const [first, ...others] = carried.map((channels) => spreadOver(channels, shape)) as [
    Int32Array,
    ...Int32Array[],
  ];
  for (const labels of others) scope.join(first, labels);
  return scope.compress({ ...shape, labels: first });
}

/** Handles an operand without channels: a parameter is sliced; one that is broadcast along the channels needs no change. */
function follow(
  { value, channels, shift }: Aligned,
  { node, result }: { node: Node; result: Channels },
  scope: CouplingScope,
): void {
  if (channels) return;
  const sizes = dimensionsOf(value);
  const wide = result.axes.filter((axis) => axis >= shift && sizes[axis - shift] !== 1);
  if (wide.length === 0) return;
  if (!value.tensor || wide.length < result.axes.length) {
    scope.pin(result, `it is combined with ${value.name}, which has no channels, in ${nodeLabel(node)}`);
    return;
  }
  const own = { ...result, axes: result.axes.map((axis) => axis - shift) };
  scope.slice({ value, channels: own, role: 'per channel', node });
}

/** Every output has the channels of the first input. */
export const passOn: CouplingRule<OperatorName> = ({ outputs, channels: [first = null] }) =>
  outputs.map(() => first);

/** Pins the channels of all inputs. */
export function stay(
  { node, channels }: Pick<CouplingCall<OperatorName>, 'node' | 'channels'>,
  scope: CouplingScope,
  reason = `it is read by ${nodeLabel(node)}`,
): null[] {
  for (const carried of channels) scope.pin(carried, reason);
  return node.outputs.map(() => null);
}

/** A rule for operators through which channels are not followed. */
export const opaque: CouplingRule<OperatorName> = (call, scope) => stay(call, scope);
