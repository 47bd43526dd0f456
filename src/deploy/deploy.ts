import type { Refused } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import { expectNoGrowth } from '../measure/growth.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { costs } from '../measure/macs.ts';
import { SAMPLE_MS, type Timer } from '../measure/timer.ts';
import { serializeModel } from '../onnx/index.ts';
import { toleranceOf, verifyEquivalent } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type Candidate, candidateNetwork } from './candidates.ts';
import { chooseCandidate } from './choose.ts';
import { chooseShortcuts, type DeployedShortcut } from './choose-shortcuts.ts';
import { deployDefaults } from './defaults.ts';
import type { TimedForm, TimedLayer } from './layer-plans.ts';
import { liveMacs } from './live-macs.ts';
import type { LoweredNetwork } from './lower.ts';
import { prepareForDeployment } from './prepare.ts';

/** Options of {@link deployNetwork}. */
export interface DeployOptions {
  readonly executor: Executor;
  readonly timer: Timer;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Duration of measuring the result beside the given network. Default 4. */
  readonly seconds?: number;
  /** Whether to compare the result with the given network; default true. */
  readonly verify?: boolean;
  /**
   * The reference for the comparison, if the network is a converted form of it: the file, and a function that restores its
   * element types.
   */
  readonly reference?: { readonly graph: Graph; restore(made: Graph): Graph };
  /** Another exact form of the network, which becomes the result if it is measured to be faster. */
  readonly written?: LoweredNetwork | undefined;
  /** Called for each layer that was timed. */
  readonly onLayer?: ((layer: TimedLayer) => void) | undefined;
}

/** A layer with dead stripes: its chosen form, and the times of all its forms. */
export interface DeployedLayer {
  readonly name: string;
  readonly form: string;
  readonly forms: readonly TimedForm[];
}

/** A network that is ready to be deployed. */
export interface Deployment {
  readonly graph: Graph;
  readonly layers: readonly DeployedLayer[];
  /** Shortcuts that only select channels, as untied pruning leaves them, each in its chosen form. */
  readonly shortcuts: readonly DeployedShortcut[];
  readonly leftAlone: readonly Refused[];
  /** Filters are padded to multiples of this number; 1 if none is. */
  readonly multiple: number;
  /** MACs per image: of the given network, of its living stripes, of the deployed network. */
  readonly macs: { readonly before: number; readonly live: number; readonly after: number };
  /**
   * Milliseconds per image: the shortest of samples taken in alternation. A ratio above 1 means faster than the given
   * network.
   */
  readonly latency: {
    readonly before: number;
    readonly after: number;
    readonly ratio: number;
    /** First and third quartile of the ratios of consecutive samples. */
    readonly ratioSpread: readonly [number, number];
  };
  /** The speed-up divided by the reduction of MACs. */
  readonly quotient: number;
  /** The largest error against the given network; null if not verified. */
  readonly error: number | null;
}

/** Largest allowed error, relative to the largest output. */
const TOLERANCE = 1e-4;

/**
 * Makes a network as fast as possible in the timer's runtime with exact forms of its layers: zero filters and stripes are
 * skipped, and channels are carried past residual blocks, in whichever way is faster by measurement. The result is never slower than the network with its BatchNormalization
 * folded. Throws `verification` if the result computes different outputs.
 *
 * @example
 * const timer = { benchmark, engine: 'node onnxruntime', threads: 1, timings: openTimings() };
 * const { graph, latency } = await deployNetwork(masked, { executor: onnxruntime, timer });
 * console.log(`${latency.ratio} times as fast`);
 */
export async function deployNetwork(network: Graph, options: DeployOptions): Promise<Deployment> {
  const { executor, size } = options;
  const prepared = await prepareForDeployment(network, executor);
  if (options.verify !== false)
    expectNoGrowth({
      before: [network, prepared.withConstants],
      after: prepared.graph,
      rewrite: 'folding',
    });
  const { prepared: chosen, shortcuts } = await chooseShortcuts(prepared, options);
  const choice = await chooseCandidate(chosen, options);
  const { candidate, lowered, multiple, latency } = await quickest(network, choice, options);
  const { graph } = lowered;
  const formOf = new Map(lowered.layers.map(({ name, form }) => [name, form]));
  const error = options.verify === false ? null : await errorOf([network, graph], options);
  const before = costs(network, { size }).macs;
  const macs = { before, live: liveMacs(prepared.graph, size), after: costs(graph, { size }).macs };
  return {
    graph,
    layers: candidate.variant.layers.map(({ name, forms }) => ({
      name,
      form: formOf.get(name) ?? 'dense',
      forms,
    })),
    shortcuts,
    leftAlone: [...prepared.leftAlone, ...candidate.variant.leftAlone],
    multiple,
    macs,
    latency,
    quotient: latency.ratio / (macs.before / macs.live),
    error,
  };
}

async function errorOf([network, made]: readonly [Graph, Graph], options: DeployOptions): Promise<number> {
  const { executor, size, reference } = options;
  const [before, after] = reference ? [reference.graph, reference.restore(made)] : [network, made];
  const tolerance = Math.max(
    TOLERANCE,
    ...before.outputs.map(({ dtype }) => (dtype ? toleranceOf(dtype) : 0)),
  );
  const at = size === undefined ? {} : { size: extents(size) };
  return (await verifyEquivalent(before, after, { executor, tolerance, ...at })).error;
}

/** The best candidate, or the dense one or the written form if that is faster, measured beside the given network. */
async function quickest(
  network: Graph,
  { best, dense }: { readonly best: Candidate; readonly dense: Candidate },
  { timer, size, seconds = deployDefaults.seconds, written }: DeployOptions,
) {
  const candidates = best === dense ? [dense] : [dense, best];
  const forms = await Promise.all(
    candidates.map(async (candidate) => ({
      candidate,
      multiple: candidate.variant.multiple,
      lowered: await candidateNetwork(candidate, size),
    })),
  );
  // Its layers were timed as those of the best candidate.
  if (written) forms.push({ candidate: best, multiple: 1, lowered: written });
  const { threads, signal } = timer;
  const { models } = await timer.benchmark(
    [network, ...forms.map(({ lowered }) => lowered.graph)].map((graph) => serializeModel(graph)),
    { threads, size, seconds, inputs: inputFeedsOf(network), sampleMs: SAMPLE_MS, ...(signal && { signal }) },
  );
  const [before, ...times] = models.map(({ minMs }) => minMs) as [number, ...number[]];
  const winner = times.indexOf(Math.min(...times));
  const after = times[winner]!;
  const { ratioSpread } = models[winner + 1]!;
  return { ...forms[winner]!, latency: { before, after, ratio: before / after, ratioSpread } };
}
