import type { Node, Value } from '../../../graph/graph.ts';
import type { Buffer } from '../../memory-plan.ts';
import type { FusibleBase, Fusion } from '../fusions.ts';
import type { Scope } from '../scope.ts';
import type { Border, Plane } from '../storage.ts';

/** A node, or several fused ones, to be lowered into steps. */
export interface Lowering {
  readonly node: Node;
  /** The operators fused to the node, and the value that results. */
  readonly fusion: Fusion;
  readonly scope: Scope;
}

/** How an operator is compiled: one row per operator. */
export interface KernelRow {
  /** Why this node has no kernel; null if it has one. Called before anything is lowered. */
  readonly refuse?: (node: Node) => string | null;
  /** The border of zeros that the kernel reads around the planes of input 0. */
  readonly border?: (node: Node) => Border | null;
  /** Inputs and outputs that share planes, and therefore have the same geometry. */
  readonly shares?: (node: Node) => readonly Value[];
  /** Set if following operators can be computed in the same step. */
  readonly fusible?: FusibleBase;
  lower(lowering: Lowering): void;
}

export const buffersOf = (planes: readonly Plane[]): Buffer[] => [
  ...new Set(planes.map(({ buffer }) => buffer)),
];
