import type { Value } from '../../../graph/graph.ts';
import type { OperatorName } from '../../../graph/operators/index.ts';
import type { Scope } from '../compile/scope.ts';
import { adamw, sgd, skeleton } from '../host/optimizers.ts';
import type { KernelCall, Kernels } from './kernel.ts';

/** Updates that are not part of a flat one, in JavaScript. */
export const optimizerKernels = {
  SgdUpdate: (call, scope) =>
    update(call, scope, (reads, writes) => sgd(reads as never, writes as never, call.attributes)),
  AdamWUpdate: (call, scope) =>
    update(call, scope, (reads, writes) => adamw(reads as never, writes as never, call.attributes)),
  SkeletonUpdate: (call, scope) =>
    update(call, scope, (reads, writes) => skeleton(reads as never, writes as never, call.attributes)),
} satisfies Kernels;

function update(
  { node, inputs, outputs }: KernelCall<OperatorName>,
  scope: Scope,
  compute: (reads: readonly unknown[], writes: readonly unknown[]) => void,
): boolean {
  scope.host({
    label: node.op,
    reads: inputs.map((value: Value) => scope.readPlain(value)),
    writes: outputs.map((value: Value) => scope.write(value)),
    compute,
  });
  return true;
}
