import type { Node, Shape, Value } from '../../graph/graph.ts';
import type { OperatorCall } from '../../graph/operators/call.ts';
import type { OperatorName, StandardOperatorName } from '../../graph/operators/index.ts';
import type { Channels } from './channels.ts';
import type { CouplingScope } from './scope.ts';

/** A node, and the channels of its inputs by position; null for inputs without removable channels. */
export interface CouplingCall<Op extends OperatorName> extends OperatorCall<Op> {
  readonly channels: readonly (Channels | null)[];
  /** The nodes that read its outputs. */
  readers(): readonly Node[];
  /** The producer of an input that has no other reader; null if there is none. */
  ownProducer(index: number): Node | null;
}

/** Returns the channels of each output. */
export type CouplingRule<Op extends OperatorName> = (
  call: CouplingCall<Op>,
  scope: CouplingScope,
) => readonly (Channels | null)[];

export type CouplingRules<Op extends StandardOperatorName = StandardOperatorName> = {
  readonly [O in Op]: CouplingRule<O>;
};

export const dimensionsOf = (value: Value | null | undefined): Shape => value?.shape ?? [];
export const rankOf = (value: Value | null | undefined): number => dimensionsOf(value).length;

/** Converts a negative axis: −1 is the last axis. */
export const fromStart = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Whether channels are along exactly this axis. */
export const liesAlong = (channels: Channels | null, axis: number): boolean =>
  channels !== null && channels.axes.length === 1 && channels.axes[0] === axis;
