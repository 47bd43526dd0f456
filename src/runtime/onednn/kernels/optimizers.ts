import type { Value } from '../../../graph/graph.ts';
import type { OperatorCall } from '../../../graph/operators/call.ts';
import type { TrainingOperatorName } from '../../../graph/operators/index.ts';
import type { Operand } from '../compile/operand.ts';
import type { LoweringScope } from '../compile/scope.ts';
import { adamw, sgd, skeleton } from '../host/optimizers.ts';
import type { Kernels } from './kernel.ts';

/** Updates outside the flat passes: computed in JavaScript, in the layout of the parameter. */
export const optimizerKernels = {
  SgdUpdate: (call, scope) => update(call, scope, sgd),
  AdamWUpdate: (call, scope) => update(call, scope, adamw),
  SkeletonUpdate: (call, scope) => update(call, scope, skeleton),
} satisfies Kernels;

type Arrays = readonly Float32Array[];

function update<Op extends TrainingOperatorName, R extends Arrays, W extends Arrays>(
  { node: { op, inputs, outputs }, attributes }: OperatorCall<Op>,
  scope: LoweringScope,
  step: (reads: R, writes: W, attributes: OperatorCall<Op>['attributes']) => void,
): boolean {
  const [parameter] = inputs as [Value];
  const layout = scope.read(parameter).descriptor!;
  const isScalar = (value: Value) => value.shape!.length === 0 && parameter.shape!.length > 0;
  const raw = (operand: Operand): Operand => ({ ...operand, isRaw: true });
  scope.host({
    label: op,
    reads: (inputs as Value[]).map((value) => raw(scope.read(value, isScalar(value) ? undefined : layout))),
    writes: (outputs as Value[]).map((value) => raw(scope.write(value, layout))),
    compute: (reads, writes) => step(reads as R, writes as W, attributes),
  });
  return true;
}
