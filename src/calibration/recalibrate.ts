import { assert, EspalierError } from '../errors.ts';
import { uniqueNames } from '../graph/builder.ts';
import {
  ESPALIER_DOMAIN,
  type Graph,
  makeValue,
  type Node,
  nodeLabel,
  onlyOutput,
  type Value,
} from '../graph/graph.ts';
import { attributesOf, inputsOf, isOperator, makeAttributes } from '../graph/operators/index.ts';
import { addTo } from '../numeric/statistics.ts';
import { float32Data, floats, type Tensor } from '../numeric/tensor.ts';
import { canonicalForm, separateUniform } from '../rewrite/index.ts';
import { type ProbeContext, type ProbeScope, probe, requireCalibration } from './probe.ts';

/**
 * Re-estimates μ and σ² of every BatchNormalization: means over calibration batches of the batch mean and variance, where all
 * layers normalise by batch statistics, as in training. Variances are unbiased, n/(n − 1)·σ², as training stores them. A
 * network without BatchNormalization is returned unchanged.
 *
 * @example
 * const recalibrated = await recalibrate(changed, { calibration, executor: onnxruntime });
 */
export async function recalibrate(network: Graph, context: ProbeContext): Promise<Graph> {
  const calibration = requireCalibration(context.calibration, 'recalibration');
  const graph = separateUniform(canonicalForm(network).graph);
  const nodes = graph.nodes.filter(isInference);
  if (nodes.length === 0) return graph;
  const sums = new Map<Value, Float64Array[]>();
  await probe(graph, context, {
    append(scope) {
      const names = uniqueNames(scope.g.graph);
      for (const node of nodes) {
        const stored = inputsOf(node, 'BatchNormalization');
        const batch = trainingForm(node, { scope, names });
        for (const [value, statistic] of [
          [stored.mean, batch.mean],
          [stored.variance, batch.variance],
        ] as const) {
          const sum = new Float64Array(float32Data(value.tensor).length);
          sums.set(value, [...(sums.get(value) ?? []), sum]);
          scope.watch(statistic, (part) => addTo(sum, float32Data(part)));
        }
      }
    },
  });
  for (const [value, own] of sums) value.tensor = meanOf(own, calibration.batches.length);
  return graph;
}

/** The mean over batches, and over the nodes that share a statistic, each of which updates it in training. */
function meanOf(sums: readonly Float64Array[], batches: number): Tensor {
  const [first] = sums as [Float64Array];
  const total = new Float64Array(first.length);
  for (const sum of sums) addTo(total, sum);
  return floats(
    [total.length],
    total.map((sum) => sum / (batches * sums.length)),
  );
}

/** Whether a node normalises by constants, which can be replaced. */
function isInference(node: Node): boolean {
  if (!isOperator(node, 'BatchNormalization')) return false;
  if (attributesOf(node, 'BatchNormalization').training_mode) return false;
  return [3, 4].every((at) => node.inputs[at]?.tensor?.dtype === 'float32');
}

interface RecalibrationScope {
  readonly scope: ProbeScope;
  names(wanted: string): string;
}

/** Changes the copy of a node to batch statistics, in place; returns the mean and the unbiased variance [C]. */
function trainingForm(
  original: Node,
  { scope, names }: RecalibrationScope,
): { readonly mean: Value; readonly variance: Value } {
  const { graph } = scope.g;
  const y = scope.copyOf(onlyOutput(original));
  const node = graph.nodes.find(({ outputs }) => outputs[0] === y);
  assert(node, `nothing computes ${y.name}`);
  refuseSingle(node);
  const { epsilon } = attributesOf(node, 'BatchNormalization');
  const { shape } = inputsOf(node, 'BatchNormalization').mean;
  const part = (name: string) => makeValue(names(`${y.name}.${name}`), 'float32', shape);
  const [mean, variance] = [part('mean'), part('variance')];
  Object.assign(node, {
    op: 'BatchNormalizationTraining',
    domain: ESPALIER_DOMAIN,
    outputs: [y, mean, variance, part('batchMean'), part('inverseDeviation')],
    // With momentum 0, the running statistics are those of the batch.
    attributes: makeAttributes('BatchNormalizationTraining', { epsilon, momentum: 0 }),
  });
  graph.opsets[ESPALIER_DOMAIN] ??= 1;
  return { mean, variance };
}

/** Refuses a single element per channel, which has no variance. */
function refuseSingle(node: Node): void {
  const sizes = node.inputs[0]?.shape ?? [];
  if (sizes.some((size, axis) => axis !== 1 && size !== 1)) return;
  const message = 'expected batches with more than one element per channel for recalibration, found one';
  throw new EspalierError('usage', message, { where: nodeLabel(node) });
}
