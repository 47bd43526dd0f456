import { type Node, nodeLabel, onlyOutput, staticShape, type Value } from '../../../graph/graph.ts';
import { inputsOf, isOperator } from '../../../graph/operators/index.ts';
import { elementCount, type TypedArray } from '../../../numeric/tensor.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

/**
 * The ε of a gradient whose stored variance already includes the true one. It must not be 0: in channels that pad a block the
 * variance is 0, and 0/√0 is NaN, which convolutions would multiply by zeros and add.
 */
const VANISHING = 1e-20;

/** Batch normalisation and its gradient, fused with a following Relu. */
export const normalizationKernels = {
  BatchNormalizationTraining({ node, inputs, outputs, attributes }, scope) {
    const { x, scale, bias, runningMean, runningVariance } = inputs;
    const [y, newMean, newVariance, mean, inverseDeviation] = outputs;
    const shape = staticShape(x, 2);
    const data = dataLayout(scope, x);
    const relu = followingRelu(scope, y);
    const { epsilon, momentum } = attributes;
    const primitive = requiredPrimitive(
      scope.dnnl,
      { kind: 'batchNormalization', data, epsilon, relu: relu !== null },
      { where: nodeLabel(node) },
    );
    const result = relu ? onlyOutput(relu) : y;
    const perChannel = scope.plain([shape[1]]);
    const mask = relu && primitive.layout('workspace');
    const workspace = mask && scope.scratch(`${result.name} mask`, mask);
    const variance = scope.scratch(`${y.name} variance`, perChannel);
    const batchMean = scope.write(mean);
    scope.run(primitive, {
      src: scope.read(x, data),
      scale: scope.readPlain(scale),
      shift: scope.readPlain(bias),
      dst: scope.write(result, data),
      mean: batchMean,
      variance,
      ...(workspace ? { workspace } : {}),
    });
    if (relu) scope.skip(relu);
    scope.left.set(result, { primitive, workspace, node });
    scope.host({
      label: 'running statistics',
      reads: [batchMean, variance, scope.readPlain(runningMean), scope.readPlain(runningVariance)],
      writes: [scope.write(newMean), scope.write(newVariance), scope.write(inverseDeviation)],
      compute: runningStatistics({ epsilon, momentum, count: elementCount(shape) / shape[1] }),
    });
    return true;
  },
  BatchNormalizationGrad({ node, inputs, outputs }, scope) {
    const { dy: given, x, scale, mean, inverseDeviation } = inputs;
    const [dx, dscale, dbias] = outputs;
    const data = dataLayout(scope, x);
    const fused = fusedGradient(scope, given);
    const forward = fused?.forward ?? null;
    const dy = fused?.dy ?? given;
    const relu = forward !== null;
    const hint =
      forward?.primitive ??
      requiredPrimitive(
        scope.dnnl,
        { kind: 'batchNormalization', data, epsilon: VANISHING, relu: false },
        { where: nodeLabel(node) },
      );
    const primitive = requiredPrimitive(
      scope.dnnl,
      { kind: 'batchNormalizationBackward', data, diff: data, epsilon: VANISHING, relu, hint },
      { where: nodeLabel(node) },
    );
    const variance = scope.scratch(`${dx.name} variance`, scope.plain(staticShape(scale)));
    scope.host({
      label: 'variance',
      reads: [scope.readPlain(inverseDeviation)],
      writes: [variance],
      compute: ([inverse], [target]) => {
        for (let c = 0; c < target.length; c++) target[c] = Number(inverse[c]) ** -2;
      },
    });
    const diffDst = scope.read(dy, data);
    const diffSrc = scope.write(dx, data);
    scope.run(
      primitive,
      {
        src: scope.read(x, data),
        diffDst,
        scale: scope.readPlain(scale),
        mean: scope.readPlain(mean),
        variance,
        ...(forward?.workspace ? { workspace: forward.workspace } : {}),
        diffSrc,
        diffScale: scope.write(dscale),
        diffShift: scope.write(dbias),
      },
      [[diffSrc, diffDst]],
    );
    return true;
  },
} satisfies Kernels;

/** The existing layout of x, unless it is row-major, which is the slowest. */
function dataLayout(scope: LoweringScope, x: Value): Descriptor {
  const shape = staticShape(x);
  const present = scope.layoutOf(x);
  return present && !scope.dnnl.equal(present, scope.plain(shape)) ? present : scope.activation(shape);
}

/** The Relu that is the only reader of a value, so that it can be fused. */
export function followingRelu(scope: LoweringScope, y: Value): Node | null {
  const reader = scope.onlyReader(y);
  return isOperator(reader, 'Relu') ? reader : null;
}

/**
 * If dz = ReluGrad(dy, z), where z is the fused result of the same normalisation: dy, and the data kept by the forward
 * kernel.
 */
function fusedGradient(scope: LoweringScope, dz: Value) {
  const producer = scope.connections.producer.get(dz);
  if (!producer || !isFusedReluGradient(scope, producer)) return null;
  const { dy, y: z } = inputsOf(producer, 'ReluGrad');
  return { dy, forward: scope.left.get(z) ?? null };
}

/** Whether a ReluGrad is computed by the BatchNormalizationGrad that is its only reader. */
export function isFusedReluGradient(scope: LoweringScope, node: Node): boolean {
  if (!isOperator(node, 'ReluGrad')) return false;
  const forward = scope.left.get(inputsOf(node, 'ReluGrad').y);
  const reader = scope.onlyReader(onlyOutput(node));
  return (
    !!forward?.workspace &&
    isOperator(reader, 'BatchNormalizationGrad') &&
    reader.inputs[0] === node.outputs[0] &&
    reader.inputs[1] === forward.node.inputs[0]
  );
}

/** running ← μ·running + (1 − μ)·batch, with unbiased variance; and 1/√(σ² + ε). */
function runningStatistics({
  epsilon,
  momentum,
  count,
}: {
  epsilon: number;
  momentum: number;
  count: number;
}) {
  const unbiased = count > 1 ? count / (count - 1) : 1;
  return (
    [mean, variance, oldMean, oldVariance]: readonly [TypedArray, TypedArray, TypedArray, TypedArray],
    [newMean, newVariance, inverse]: readonly [TypedArray, TypedArray, TypedArray],
  ) => {
    for (let c = 0; c < mean.length; c++) {
      newMean[c] = momentum * Number(oldMean[c]) + (1 - momentum) * Number(mean[c]);
      newVariance[c] = momentum * Number(oldVariance[c]) + (1 - momentum) * unbiased * Number(variance[c]);
      inverse[c] = 1 / Math.sqrt(Number(variance[c]) + epsilon);
    }
  };
}
