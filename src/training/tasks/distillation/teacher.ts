import { openBatches } from '../../../data/batches.ts';
import type { ImageSource } from '../../../data/image-source.ts';
import type { Preprocessing } from '../../../data/preprocessing.ts';
import { EspalierError } from '../../../errors.ts';
import type { Graph } from '../../../graph/graph.ts';
import { removeDeadNodes } from '../../../graph/topology.ts';
import { feedsBeside, withOthersFed } from '../../../measure/beside-image.ts';
import { bindImages } from '../../../measure/bind-shapes.ts';
import { asImageNetwork } from '../../../measure/classifier.ts';
import { floats, type Tensor } from '../../../numeric/tensor.ts';
import type { Executor } from '../../../runtime/executor.ts';

/** A network with fixed shapes and image input. */
export interface BoundNetwork {
  readonly graph: Graph;
  readonly input: string;
  /** [N, C, H, W]. */
  readonly images: readonly number[];
}

/** Fixes the shapes of a network for batches of images. */
export function boundNetwork(
  network: Graph,
  { channels, height, width }: ImageSource,
  batch: number,
): BoundNetwork {
  const size = { height, width };
  const { graph, input } = asImageNetwork(withOthersFed(network, { size }));
  return { graph: bindImages(graph, { batch, size }), input, images: [batch, channels, height, width] };
}

/** A compiled network that returns chosen values. Close it. */
export interface ValueRunner {
  /** The values for a batch, in order; valid until the next run. */
  run(images: Float32Array): Promise<readonly Tensor[]>;
  close(): Promise<void>;
}

interface RunnerOptions {
  readonly executor: Executor;
  readonly threads?: number | undefined;
}

/** Compiles a network so that it returns the values with the given names. */
export async function openValues(
  { graph: bound, input, images }: BoundNetwork,
  names: readonly string[],
  { executor, threads }: RunnerOptions,
): Promise<ValueRunner> {
  const made = new Map(bound.nodes.flatMap(({ outputs }) => outputs.map((value) => [value?.name, value])));
  const outputs = [...new Set(names)].map((name) => {
    const value = made.get(name);
    if (value) return value;
    throw new EspalierError('usage', `expected a value ${name}`, { where: bound.name });
  });
  const graph: Graph = { ...bound, nodes: [...bound.nodes], initializers: [...bound.initializers], outputs };
  removeDeadNodes(graph);
  const program = await executor.compile(graph, { threads });
  const beside = feedsBeside(graph, images[0]!);
  return {
    async run(batch) {
      const results = await program.run({ ...beside, [input]: floats(images, batch) });
      return names.map((name) => results[name]!);
    },
    close: () => program.close(),
  };
}

/** Images to run a network on, in batches of fixed size. */
export interface ImagesToRun {
  readonly source: ImageSource;
  readonly preprocessing: Preprocessing;
  readonly batch: number;
  /** Upper bound on the number of images; default: all. */
  readonly most?: number;
  readonly signal?: AbortSignal | undefined;
  progress?(done: number, total: number): void;
}

/** Calls `each` with batches of images without augmentation; the last batch is padded with zeros. */
export async function overImages(
  { source, preprocessing, batch, most = source.count, signal, progress }: ImagesToRun,
  each: (images: Float32Array, count: number) => Promise<void>,
): Promise<void> {
  const settings = {
    batch,
    preprocessing,
    seed: 0,
    shuffle: false,
    dropLast: false,
    augmentation: 'none',
  } as const;
  const batches = openBatches(source, settings);
  let done = 0;
  try {
    for await (const { images, count } of batches.epoch(0)) {
      if (signal?.aborted) throw new EspalierError('interrupted', 'evaluation interrupted');
      const whole = new Float32Array((images.length / count) * batch);
      whole.set(images);
      await each(whole, count);
      done += count;
      progress?.(done, source.count);
      if (done >= most) break;
    }
  } finally {
    await batches.close();
  }
}
