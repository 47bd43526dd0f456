import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, makeConstant, makeValue, type Node } from '../../graph/graph.ts';
import { makeAttributes } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { floats } from '../../numeric/tensor.ts';
import { behind } from '../criteria/behind.ts';
import { observe, requireCalibration, type Viewing } from '../observe.ts';

/**
 * Puts a BatchNormalization behind every Conv that has none, with μ and σ² of its output over the calibration images,
 * γ = √(σ² + ε) and β = μ: the network computes what it did, and can be trained as one whose normalisations were not
 * folded away. Outputs of the network and single positions (gates, classifiers), which are not normalised in training,
 * are left alone.
 */
export async function insertBatchNormalization(
  network: Graph,
  viewing: Viewing,
): Promise<{ readonly graph: Graph; readonly inserted: number }> {
  requireCalibration(viewing.calibration, 'inserting BatchNormalization');
  const graph = cloneGraph(network);
  const layers = layersWithout(graph);
  if (layers.length === 0) return { graph, inserted: 0 };
  const statistics = await outputStatistics(graph, layers, viewing);
  const unique = uniqueNames(graph);
  const made = new Map(
    layers.map((layer, i) => [layer, normalizationOf(graph, layer, [statistics[i]!, unique])]),
  );
  graph.nodes = graph.nodes.flatMap((node) => (made.has(node) ? [node, made.get(node)!] : [node]));
  return { graph, inserted: layers.length };
}

function layersWithout(graph: Graph): Node[] {
  const links = connections(graph);
  return graph.nodes.filter((node) => {
    if (node.op !== 'Conv' || node.domain !== '' || node.inputs[1]?.tensor?.dtype !== 'float32') return false;
    const [y] = node.outputs;
    const isSingle = y!.shape?.slice(2).every((size) => size === 1);
    return !graph.outputs.includes(y!) && !isSingle && behind(node, links).normalization === null;
  });
}

interface Statistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Over all images: the batches' means and variances, and the variance of the means. */
async function outputStatistics(
  graph: Graph,
  layers: readonly Node[],
  viewing: Viewing,
): Promise<Statistics[]> {
  const batches = layers.map(() => [] as { mean: Float32Array; variance: Float32Array }[]);
  await observe(graph, viewing, {
    append({ g, copyOf }) {
      layers.forEach(({ outputs }, i) => {
        const y = copyOf(outputs[0]!);
        const axes = g.int64s(y.shape!.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
        const mean = g.ReduceMean(y, axes, { keepdims: 1 });
        const centred = g.Sub(y, mean);
        g.output(g.Flatten(mean, { axis: 0 }), `mean.${i}`);
        g.output(g.ReduceMean(g.Mul(centred, centred), axes, { keepdims: 0 }), `variance.${i}`);
      });
    },
    see(results) {
      for (const [i, seen] of batches.entries()) {
        const [mean, variance] = [`mean.${i}`, `variance.${i}`].map(
          (name) => results[name]!.data as Float32Array,
        );
        seen.push({ mean: mean!.slice(), variance: variance!.slice() });
      }
    },
  });
  return batches.map((seen) => {
    const average = (of: (batch: (typeof seen)[number], c: number) => number) =>
      Float64Array.from(
        seen[0]!.mean,
        (_, c) => seen.reduce((sum, batch) => sum + of(batch, c), 0) / seen.length,
      );
    const mean = average((batch, c) => batch.mean[c]!);
    return { mean, variance: average((batch, c) => batch.variance[c]! + (batch.mean[c]! - mean[c]!) ** 2) };
  });
}

const EPSILON = 1e-5;

/** The node that gives what the layer gave, under its name. */
function normalizationOf(
  graph: Graph,
  layer: Node,
  [{ mean, variance }, unique]: readonly [Statistics, (wanted: string) => string],
): Node {
  const y = layer.outputs[0]!;
  const name = layer.name || y.name;
  const x = makeValue(unique(`${name}.conv`), y.dtype, y.shape);
  const parameter = (part: string, data: Float64Array) => {
    const value = makeConstant(unique(`${name}.bn.${part}`), floats([data.length], data));
    graph.initializers.push(value);
    return value;
  };
  layer.outputs[0] = x;
  const scale = parameter(
    'scale',
    variance.map((square) => Math.sqrt(square + EPSILON)),
  );
  const shift = parameter('shift', mean);
  return {
    op: 'BatchNormalization',
    domain: '',
    name: unique(`${name}.bn`),
    inputs: [x, scale, shift, parameter('mean', mean), parameter('var', variance)],
    outputs: [y],
    attributes: makeAttributes('BatchNormalization', { epsilon: EPSILON }),
  };
}
