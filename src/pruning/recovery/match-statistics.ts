import type { ProbeContext } from '../../calibration/probe.ts';
import { recalibrate } from '../../calibration/recalibrate.ts';
import { type KeptPlaces, selectPlaces } from '../../channels/select-slices.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { attributesOf, inputsOf, isOperator } from '../../graph/operators/index.ts';
import { float32Data, floats, type Tensor } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { canonicalForm, separateUniform } from '../../rewrite/index.ts';

/** The statistics of a network, to which those of its cut versions are matched. */
export interface StatisticsReference {
  /** Returns a recalibrated copy of a cut network. */
  match(cut: Graph, keptPlaces: KeptPlaces): Promise<Graph>;
}

/**
 * Measures the statistics of a network before a cut. Each BatchNormalization of a cut version then gets the μ′ and v′ by which
 * every channel has, after normalisation, the mean and variance that it has in the original on the same images: where the
 * original stores m₀ and v₀, and {@link recalibrate} measures m and v in the original and μ and σ² in the cut version,
 *
 *     v′ + ε = r·(σ² + ε),  μ′ = μ + z·√(σ² + ε)  with  r = (v₀ + ε)/(v + ε),  z = (m₀ − m)/√(v + ε).
 *
 * A network from which nothing was cut keeps its statistics. The measured ones alone would replace the statistics of training,
 * which the weights fit, by those of a few images without augmentation: they cost an uncut ResNet-20, which was trained on
 * shifted images, 3 points of accuracy on CIFAR-10.
 *
 * @example
 * const target = { measure: 'macs', fraction: 0.5 } as const;
 * const { prepared, graph, keptPlaces } = await pruneChannels(network, { executor: onnxruntime, target });
 * const reference = await statisticsReference(prepared.graph, { calibration, executor: onnxruntime });
 * const recalibrated = await reference.match(graph, keptPlaces);
 */
export async function statisticsReference(
  original: Graph,
  context: ProbeContext,
): Promise<StatisticsReference> {
  const stored = normalizations(separateUniform(canonicalForm(original).graph));
  const measured = normalizations(await recalibrate(original, context));
  const differences = new Map(
    zip(stored, measured).flatMap(([before, after]) => differencesOf(before, after)),
  );
  return {
    async match(cut, keptPlaces) {
      const graph = await recalibrate(cut, context);
      const kept = ({ name }: Value) => {
        const whole = differences.get(name);
        return whole && float32Data(selectPlaces(whole, keptPlaces.get(name) ?? new Map()));
      };
      const changed = new Set<Value>();
      for (const normalization of normalizations(graph)) {
        const { mean, variance } = normalization;
        const [z, r] = [kept(mean), kept(variance)];
        // A parameter of several nodes is changed once.
        if (!z || !r || z.length !== channelsOf(mean) || changed.has(mean) || changed.has(variance)) continue;
        correct(normalization, { z, r });
        changed.add(mean).add(variance);
      }
      return graph;
    },
  };
}

/** z and r of a normalisation, by the names of its mean and variance. */
function differencesOf(stored: Normalization, measured: Normalization): (readonly [string, Tensor])[] {
  const { mean, variance, epsilon } = stored;
  const pairs = (of: 'mean' | 'variance') =>
    zip<[number, number]>(float32Data(stored[of].tensor), float32Data(measured[of].tensor));
  const deviations = Array.from(float32Data(measured.variance.tensor), (v) => Math.sqrt(v + epsilon));
  const z = pairs('mean').map(([m0, m], c) => (m0 - m) / deviations[c]!);
  const r = pairs('variance').map(([v0, v]) => (v0 + epsilon) / (v + epsilon));
  return [
    [mean.name, floats([z.length], z)],
    [variance.name, floats([r.length], r)],
  ];
}

interface Difference {
  readonly z: Float32Array;
  readonly r: Float32Array;
}

/** Changes measured statistics to μ′ and v′, in place. */
function correct({ mean, variance, epsilon }: Normalization, { z, r }: Difference): void {
  const channels = zip<[number, number, number, number]>(
    float32Data(mean.tensor),
    float32Data(variance.tensor),
    z,
    r,
  );
  mean.tensor = floats(
    [channels.length],
    channels.map(([mu, square, shift]) => mu + shift * Math.sqrt(square + epsilon)),
  );
  variance.tensor = floats(
    [channels.length],
    channels.map(([, square, , ratio]) => Math.max(0, ratio * (square + epsilon) - epsilon)),
  );
}

interface Normalization {
  readonly mean: Value;
  readonly variance: Value;
  readonly epsilon: number;
}

const channelsOf = ({ tensor }: Value): number | undefined => tensor?.shape[0];

/** The normalisations by constants. */
const normalizations = (graph: Graph): Normalization[] =>
  graph.nodes.flatMap((node) => {
    if (!isOperator(node, 'BatchNormalization')) return [];
    const { mean, variance } = inputsOf(node, 'BatchNormalization');
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    return [mean, variance].every(({ tensor }) => tensor?.dtype === 'float32')
      ? [{ mean, variance, epsilon }]
      : [];
  });
