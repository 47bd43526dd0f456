import type { Builder } from '../../graph/builder.ts';
import type { OperatorCall } from '../../graph/operators/call.ts';
import type { OutputCount, TrainingOperatorName } from '../../graph/operators/index.ts';
import type { OutputTuple } from '../../graph/operators/schema.ts';

/** Appends ONNX operators that are equivalent to a training operator; returns all its outputs. */
export type Decomposition<Op extends TrainingOperatorName> = (
  call: OperatorCall<Op>,
  g: Builder,
) => Readonly<OutputTuple<OutputCount<Op>>>;

/** A table with one decomposition for each of these operators. */
export type Decompositions<Op extends TrainingOperatorName> = { readonly [O in Op]: Decomposition<O> };
