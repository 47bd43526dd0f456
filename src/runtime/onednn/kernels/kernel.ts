import type { OperatorCall } from '../../../graph/operators/call.ts';
import type { OperatorName } from '../../../graph/operators/index.ts';
import type { LoweringScope } from '../compile/scope.ts';

/** Appends what computes a node's outputs; returns false, having appended nothing, where it cannot. */
export type Kernel<Op extends OperatorName> = (call: OperatorCall<Op>, scope: LoweringScope) => boolean;

export type Kernels = { readonly [Op in OperatorName]?: Kernel<Op> };
