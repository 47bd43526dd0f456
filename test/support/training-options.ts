import type { DataSet } from '../../src/data/image-source.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { syntheticImages } from './synthetic-images.ts';

const images = (count: number, seed: number) =>
  syntheticImages({ count, size: 8, channels: 3, classes: 4, seed });

/** 64 images of 4 classes to train on, 32 to test. */
const syntheticData: DataSet = { name: 'synthetic', train: images(64, 1), test: images(32, 2) };

/** 3 epochs of 4 steps on synthetic images, in onnxruntime on one thread; keeps no record. */
export function trainingOptions(network: Graph, changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    network,
    data: syntheticData,
    preprocessing: { height: 8, width: 8, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    executor: onnxruntime,
    threads: 1,
    epochs: 3,
    batch: 16,
    seed: 5,
    augmentation: 'none',
    optimizer: 'sgd',
    schedule: 'constant',
    learningRate: 0.05,
    run: null,
    ...changes,
  };
}
