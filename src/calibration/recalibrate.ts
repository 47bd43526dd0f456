import { EspalierError } from '../errors.ts';
import { uniqueNames } from '../graph/builder.ts';
import { ESPALIER_DOMAIN, type Graph, makeValue, type Node, nodeLabel, type Value } from '../graph/graph.ts';
import { attributesOf, isOperator, makeAttributes } from '../graph/operators/index.ts';
import { floats, type Tensor } from '../numeric/tensor.ts';
import { canonicalForm, separateUniform } from '../rewrite/index.ts';
import { type ProbeContext, type ProbeScope, probe, requireCalibration } from './probe.ts';

/**
 * The network with μ and σ² of every BatchNormalization estimated anew: the means, over calibration batches, of the mean
 * and the variance of a batch, each layer reading what the ones before it give when they normalise by the batch as well,
 * as in training. Variances are unbiased, n/(n − 1)·σ², as training keeps them. A network without any stays as it is.
 *
 * @example
 * const recalibrated = await recalibrate(changed, { calibration, executor: onnxruntime });
 */
export async function recalibrate(network: Graph, context: ProbeContext): Promise<Graph> {
  const calibration = requireCalibration(context.calibration, 'recalibration');
  const graph = separateUniform(canonicalForm(network).graph);
  const nodes = graph.nodes.filter(isInference);
  if (nodes.length === 0) return graph;
  const sums = nodes.map(({ inputs }) =>
    [3, 4].map((at) => new Float64Array(inputs[at]!.tensor!.data.length)),
  );
  await probe(graph, context, {
    append(scope) {
      const names = uniqueNames(scope.g.graph);
      nodes.forEach((node, i) => {
        trainingForm(node, { scope, names }).forEach((statistic, j) =>
          scope.g.output(statistic, `statistic.${i}.${j}`),
        );
      });
    },
    onResult(results) {
      for (const [i, pair] of sums.entries()) {
        for (const [j, sum] of pair.entries())
          addTo(sum, results[`statistic.${i}.${j}`]!.data as Float32Array);
      }
    },
  });
  const shared = new Map<Value, Float64Array[]>();
  nodes.forEach((node, i) => {
    for (const [j, sum] of sums[i]!.entries()) {
      const value = node.inputs[3 + j]!;
      shared.set(value, [...(shared.get(value) ?? []), sum]);
    }
  });
  for (const [value, own] of shared) value.tensor = meanOf(own, calibration.batches.length);
  return graph;
}

/** The mean over batches, and over the nodes that share a statistic: each use of one updates it in training. */
function meanOf(sums: readonly Float64Array[], batches: number): Tensor {
  const [first] = sums as [Float64Array];
  const total = first.map((_, c) => sums.reduce((all, sum) => all + sum[c]!, 0));
  return floats(
    [total.length],
    total.map((sum) => sum / (batches * sums.length)),
  );
}

/** Normalises by constants, which can be replaced. */
function isInference(node: Node): boolean {
  if (!isOperator(node, 'BatchNormalization')) return false;
  if (attributesOf(node, 'BatchNormalization').training_mode) return false;
  return [3, 4].every((at) => node.inputs[at]?.tensor?.dtype === 'float32');
}

interface RecalibrationScope {
  readonly scope: ProbeScope;
  names(wanted: string): string;
}

/** Makes the copy of a node normalise by its batch, in place; returns the mean and the unbiased variance [C]. */
function trainingForm(original: Node, { scope, names }: RecalibrationScope): [Value, Value] {
  const { graph } = scope.g;
  const y = scope.copyOf(original.outputs[0]!);
  const node = graph.nodes.find(({ outputs }) => outputs[0] === y)!;
  refuseSingle(node);
  const { epsilon } = attributesOf(node, 'BatchNormalization');
  const channels = node.inputs[3]!.tensor!.shape;
  const parts = ['mean', 'variance', 'batchMean', 'inverseDeviation'].map((part) =>
    makeValue(names(`${y.name}.${part}`), 'float32', channels),
  );
  Object.assign(node, {
    op: 'BatchNormalizationTraining',
    domain: ESPALIER_DOMAIN,
    outputs: [y, ...parts],
    // Without momentum the running statistics are those of the batch.
    attributes: makeAttributes('BatchNormalizationTraining', { epsilon, momentum: 0 }),
  });
  graph.opsets[ESPALIER_DOMAIN] ??= 1;
  return [parts[0]!, parts[1]!];
}

/** One element has no variance. */
function refuseSingle(node: Node): void {
  const sizes = node.inputs[0]?.shape ?? [];
  if (sizes.some((size, axis) => axis !== 1 && size !== 1)) return;
  const message = 'expected batches with more than one element per channel for recalibration, found one';
  throw new EspalierError('usage', message, { where: nodeLabel(node) });
}

function addTo(sum: Float64Array, data: Float32Array): void {
  for (let c = 0; c < sum.length; c++) sum[c]! += data[c]!;
}
