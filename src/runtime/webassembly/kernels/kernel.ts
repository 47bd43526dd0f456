import type { Node, Value } from '../../../graph/graph.ts';
import type { Buffer } from '../../memory-plan.ts';
import type { FusibleBase, Fusion } from '../fusions.ts';
import type { Scope } from '../scope.ts';
import type { Border, Plane } from '../storage.ts';

/** One node, or several that were fused, to be lowered into steps. */
export interface Lowering {
  readonly node: Node;
  /** What the node's step computes besides, and the value that it gives. */
  readonly fusion: Fusion;
  readonly scope: Scope;
}

/** How an operator is compiled: one row an operator. */
export interface KernelRow {
  /** Why this node has no kernel; null where it has. Asked before anything is lowered. */
  readonly refuse?: (node: Node) => string | null;
  /** The zeros that the kernel reads around the planes of input 0. */
  readonly border?: (node: Node) => Border | null;
  /** Values whose planes are shared between inputs and outputs, so that they lie alike. */
  readonly shares?: (node: Node) => readonly Value[];
  /** Where operators that follow can be computed in the same step. */
  readonly fusible?: FusibleBase;
  lower(lowering: Lowering): void;
}

export const buffersOf = (planes: readonly Plane[]): Buffer[] => [
  ...new Set(planes.map(({ buffer }) => buffer)),
];
