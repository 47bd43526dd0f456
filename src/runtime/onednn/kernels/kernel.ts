import type { Node, Value } from '../../../graph/graph.ts';
import type { AttributesOf, OperatorName } from '../../../graph/operators/index.ts';
import type { LoweringScope } from '../compile/scope.ts';

/** A node to lower. Inputs and outputs as the operator's signature has them. */
export interface KernelCall<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: AttributesOf<Op>;
}

/** Appends what computes a node's outputs; returns false, having appended nothing, where it cannot. */
export type Kernel<Op extends OperatorName> = (call: KernelCall<Op>, scope: LoweringScope) => boolean;

export type Kernels = { readonly [Op in OperatorName]?: Kernel<Op> };
