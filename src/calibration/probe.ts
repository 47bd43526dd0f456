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

/** The calibration images and the executor that runs a network on them. */
export interface ProbeContext {
  readonly calibration: Calibration;
  readonly executor: Executor;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
}

/** Values to compute inside a network, and what to do with them. */
export interface Probe {
  /** Images in a run; default: those of a calibration batch, which this must divide. */
  readonly images?: number;
  /** Runs of each calibration batch, where it holds more than one; default: all. */
  readonly runs?: number;
  /** Appends nodes, and watches values. */
  append(scope: ProbeScope): void;
  /** Feeds beside images and labels. */
  feeds?(moment: ProbeRun): Tensors;
}

/** Called with a value after each run; the next run overwrites it. */
export type OnResult = (value: Tensor, moment: ProbeRun) => void;

/** The copy of the network that is run, with a fixed batch. */
export interface ProbeScope {
  readonly g: Builder;
  /** int64 [images]: the class of each image; an input of the graph once it is asked for. */
  labels(): Value;
  /** The copy of one of the network's values; throws `unsupported` where another network has none of its name. */
  copyOf(original: Value): Value;
  /** Makes a value an output, in place of the network's own. */
  watch(value: Value, onResult: OnResult): void;
}

/** The number of a run, from 0, and its batch. */
export interface ProbeRun {
  readonly run: number;
  readonly batch: Batch;
}

/** Runs a copy of a network, in inference mode, on calibration images, and computes the values that the probe asks for. */
export async function probe(
  network: Graph,
  { calibration, executor }: ProbeContext,
  view: Probe,
): Promise<void> {
  const wanted = view.images ?? calibration.batch;
  const [, height, width] = calibration.image;
  const fed = withOthersFed(canonicalForm(network).graph, { size: { height, width } });
  const ordered = inOrder(fed);
  // A batch may take as much as its images do; what one image, or the batch of the file, takes is bounded.
  expectMemory(withFixedShapes(ordered, { batch: 1, size: { height, width } }));
  const fixed = withFixedInput(ordered, [wanted, ...calibration.image]);
  // Shapes behind an operator without a rule may be known only now that sizes are.
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
 * The network with an input float32 [N, C, H, W], whatever its file takes; what its nodes read has the name of the file's input, by
 * which views know it.
 */
function inOrder(network: Graph): Graph {
  const input = mainInput(network);
  const given = input && asImage(input);
  if (!given || (given.layout === 'NCHW' && input.dtype === 'float32')) return network;
  const { graph, image, images } = asImageNetwork(network);
  if (!graph.inputs.includes(images)) images.name = image.value.name;
  return graph;
}

/** The network for a number of images, its free height and width those of the images; where it fixes another batch, for that. */
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
  /** The input for labels; null where the probe uses none. */
  readonly labels: Value | null;
  readonly watched: readonly (readonly [Value, OnResult])[];
}

/** Replaces the graph's outputs by those that the probe watches. */
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

/** The first images of a batch, run by run. */
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
  /** Null where the probe uses none. */
  readonly labels: Value | null;
  /** What the other inputs are fed with. */
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

/** The calibration images; throws `usage`, naming what needs them, where there are none. */
export function requireCalibration(calibration: Calibration | null, what: string): Calibration {
  if (calibration && calibration.batches.length > 0) return calibration;
  throw new EspalierError('usage', `${what} needs images to calibrate with: expected \`data\``);
}
