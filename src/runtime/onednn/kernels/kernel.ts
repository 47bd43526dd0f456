import type { OperatorCall } from '../../../graph/operators/call.ts';
import type { OperatorName } from '../../../graph/operators/index.ts';
import type { LoweringScope } from '../compile/scope.ts';

/** Appends the computation of a node. Returns false, without having appended anything, if it cannot compute the node. */
export type Kernel<Op extends OperatorName> = (call: OperatorCall<Op>, scope: LoweringScope) => boolean;

export type Kernels = { readonly [Op in OperatorName]?: Kernel<Op> };
