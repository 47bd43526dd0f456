import type { Node, Value } from '../../../graph/graph.ts';
import type { TypedArray } from '../../../numeric/tensor.ts';
import type { Operand } from '../compile/operand.ts';
import type { LoweringScope } from '../compile/scope.ts';
import { adamw, sgd, skeleton } from '../host/optimizers.ts';
import type { Kernels } from './kernel.ts';

/** Updates outside the flat passes: computed in JavaScript, in the layout of the parameter. */
export const optimizerKernels = {
  SgdUpdate: ({ node, attributes }, scope) =>
    update(node, scope, (reads, writes) => sgd(reads as never, writes as never, attributes)),
  AdamWUpdate: ({ node, attributes }, scope) =>
    update(node, scope, (reads, writes) => adamw(reads as never, writes as never, attributes)),
  SkeletonUpdate: ({ node, attributes }, scope) =>
    update(node, scope, (reads, writes) => skeleton(reads as never, writes as never, attributes)),
} satisfies Kernels;

function update(
  { op, inputs, outputs }: Node,
  scope: LoweringScope,
  compute: (reads: readonly TypedArray[], writes: readonly TypedArray[]) => void,
): boolean {
  const [parameter] = inputs as [Value];
  const layout = scope.read(parameter).descriptor!;
  const isScalar = (value: Value) => value.shape!.length === 0 && parameter.shape!.length > 0;
  const raw = (operand: Operand): Operand => ({ ...operand, isRaw: true });
  scope.host({
    label: op,
    reads: (inputs as Value[]).map((value) => raw(scope.read(value, isScalar(value) ? undefined : layout))),
    writes: (outputs as Value[]).map((value) => raw(scope.write(value, layout))),
    compute,
  });
  return true;
}
