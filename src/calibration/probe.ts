import { decompose } from '../autodiff/index.ts';
import type { Batch } from '../data/batches.ts';
import { assert, EspalierError } from '../errors.ts';
import { type Builder, builderOf } from '../graph/builder.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { asImage, imagesOf, mainInput } from '../graph/inputs/image-input.ts';
import { expectMemory } from '../graph/peak-memory.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { feedsBeside, withOthersFed } from '../measure/beside-image.ts';
import { bindImages, withFixedShapes } from '../measure/bind-shapes.ts';
import { asImageNetwork } from '../measure/classifier.ts';
import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';
import { canonicalForm, withKnownShapes } from '../rewrite/index.ts';
import type { Executor, Program, Tensors } from '../runtime/executor.ts';
import type { Calibration } from './calibration.ts';

/** Calibration images, and the executor that runs networks on them. */
export interface ProbeContext {
  readonly calibration: Calibration;
  readonly executor: Executor;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
}

/** Values to compute inside a network, and functions that receive them. */
export interface Probe {
  /** Images per run; default: those of a calibration batch, which must be a multiple. */
  readonly images?: number;
  /** Number of runs per calibration batch, if it contains several; default: all. */
  readonly runs?: number;
  /** Appends nodes, and selects the values to receive. */
  append(scope: ProbeScope): void;
  /** Feeds in addition to images and labels. */
  feeds?(moment: ProbeRun): Tensors;
}

/** Receives a value after each run; the next run overwrites it. */
export type OnResult = (value: Tensor, moment: ProbeRun) => void;

/** The copy of the network that is run, with a fixed batch size. */
export interface ProbeScope {
  readonly g: Builder;
  /** int64 [images]: the class of each image; becomes an input of the graph once requested. */
  labels(): Value;
  /** The copy of one of the network's values. Throws `unsupported` if the copy has no value of that name. */
  copyOf(original: Value): Value;
  /** Makes a value an output, instead of the network's own outputs. */
  watch(value: Value, onResult: OnResult): void;
}

/** Index of a run, from 0, and its batch. */
export interface ProbeRun {
  readonly run: number;
  readonly batch: Batch;
}

/** Runs a copy of a network, in inference mode, on calibration images, and computes the values of a probe. */
export async function probe(
  network: Graph,
  { calibration, executor }: ProbeContext,
  view: Probe,
): Promise<void> {
  const wanted = view.images ?? calibration.batch;
  const [, height, width] = calibration.image;
  const fed = withOthersFed(canonicalForm(network).graph, { size: { height, width } });
  const ordered = inOrder(fed);
  // A batch may need as much memory as its size requires; only the need of a single image, or of the file's batch, is
  // limited.
  expectMemory(withFixedShapes(ordered, { batch: 1, size: { height, width } }));
  const fixed = withFixedInput(ordered, [wanted, ...calibration.image]);
  // Shapes after an operator without a rule can be determined once sizes are fixed.
  const { graph } = await withKnownShapes(fixed, executor);
  const input = mainInput(graph);
  assert(input, 'a network that is probed has an input');
  const images = imagesOf(graph) ?? wanted;
  const beside = feedsBeside(graph, images);
  const { labels, watched } = appendProbe(graph, view, images);
  const program = await compile(graph, executor);
  try {
    let run = 0;
    for (const batch of calibration.batches) {
      for (const part of parts(batch, images, view.runs)) {
        const moment = { run: run++, batch: part };
        const results = await runOn(program, { input, labels, beside, calibration, moment, view });
        for (const [{ name }, onResult] of watched) onResult(results[name]!, moment);
      }
    }
  } finally {
    await program.close();
  }
}

/**
 * The network with a float32 input [N, C, H, W], whatever the file's input is. The value that its nodes read keeps the name
 * of the file's input, by which probes find it.
 */
function inOrder(network: Graph): Graph {
  const input = mainInput(network);
  const given = input && asImage(input);
  if (!given || (given.layout === 'NCHW' && input.dtype === 'float32')) return network;
  const { graph, image, images } = asImageNetwork(network);
  if (!graph.inputs.includes(images)) images.name = image.value.name;
  return graph;
}

/**
 * The network with a fixed batch size, and with the images' height and width if it leaves them open. A network that fixes
 * another batch size keeps it.
 */
function withFixedInput(network: Graph, [batch = 1, , height = 1, width = 1]: readonly number[]): Graph {
  const size = { height, width };
  const fixed = imagesOf(network);
  if (fixed === null || fixed === batch) return bindImages(network, { batch, size });
  try {
    return bindImages(network, { batch, size });
  } catch (error) {
    if (!(error instanceof EspalierError) || batch % fixed !== 0) throw error;
    return withFixedShapes(network, { batch: fixed, size });
  }
}

interface AppendedProbe {
  /** The input for labels; null if the probe does not use them. */
  readonly labels: Value | null;
  readonly watched: readonly (readonly [Value, OnResult])[];
}

/** Replaces the graph's outputs by the values that the probe selects. */
function appendProbe(graph: Graph, view: Probe, images: number): AppendedProbe {
  const byName = new Map<string, Value>();
  for (const value of [...graph.inputs, ...graph.initializers]) byName.set(value.name, value);
  for (const value of graph.nodes.flatMap(({ outputs }) => outputs)) if (value) byName.set(value.name, value);
  const g = builderOf(graph);
  const watched: [Value, OnResult][] = [];
  graph.outputs = [];
  let labels: Value | null = null;
  view.append({
    g,
    labels: () => {
      labels ??= g.input('labels', 'int64', [images]);
      return labels;
    },
    copyOf({ name }) {
      const value = byName.get(name);
      if (value) return value;
      const message = 'expected this output in both networks, found it in one';
      throw new EspalierError('unsupported', message, { where: name });
    },
    watch(value, onResult) {
      if (!graph.outputs.includes(value)) g.output(value);
      watched.push([value, onResult]);
    },
  });
  removeDeadNodes(graph);
  return { labels, watched };
}

const compile = (graph: Graph, executor: Executor): Promise<Program> =>
  executor.compile(executor.trainingOperators ? graph : decompose(graph), { unbounded: true });

/** Divides the first images of a batch into runs. */
function parts(
  { images, labels, count, step }: Batch,
  size: number,
  runs = Number.POSITIVE_INFINITY,
): Batch[] {
  if (size === count) return [{ images, labels, count, step }];
  const pixels = images.length / count;
  return Array.from({ length: Math.min(runs, Math.floor(count / size)) }, (_, i) => ({
    images: images.subarray(i * size * pixels, (i + 1) * size * pixels),
    labels: labels.subarray(i * size, (i + 1) * size),
    count: size,
    step,
  }));
}

interface ProgramRun {
  readonly input: Value;
  /** null if the probe does not use labels. */
  readonly labels: Value | null;
  /** Feeds of the other inputs. */
  readonly beside: Tensors;
  readonly calibration: Calibration;
  readonly moment: ProbeRun;
  readonly view: Probe;
}

function runOn(program: Program, run: ProgramRun): Promise<Tensors> {
  const { input, beside, calibration, moment, view } = run;
  const { images, labels, count } = moment.batch;
  const feeds: Record<string, Tensor> = { ...beside, ...view.feeds?.(moment) };
  feeds[input.name] = floats([count, ...calibration.image], images);
  if (run.labels) feeds[run.labels.name] = makeTensor('int64', [count], labels);
  return program.run(feeds);
}

/** The calibration images. Throws `usage`, naming what needs them, if there are none. */
export function requireCalibration(calibration: Calibration | null, what: string): Calibration {
  if (calibration && calibration.batches.length > 0) return calibration;
  throw new EspalierError('usage', `${what} needs images to calibrate with: expected \`data\``);
}
