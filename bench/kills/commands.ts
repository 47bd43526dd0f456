import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { plainNetwork } from '../../test/support/small-network.ts';

/** What commands work on. */
export interface Inputs {
  /** A folder of images of 16×16 with three classes. */
  readonly images: string;
  /** A network that is not trained yet. */
  readonly network: string;
  /** The result of `train`. */
  readonly model: string;
  /** For files that a command reads. */
  readonly folder: string;
}

/** A command whose runs can be resumed. */
export interface KilledCommand {
  /** The command line, without `--out`. */
  readonly args: (inputs: Inputs) => readonly string[];
  /** Its model depends on measured times: the network computes the same, its form may differ. */
  readonly timed?: true;
}

const EPOCHS = 3;
const recorded = { batch: 16, threads: 1, executor: 'onnxruntime', lr: 0.05, checkpointSeconds: 0.02 };

const training = (images: string): readonly string[] => [
  ...['--data', images, '--batch', '16', '--threads', '1', '--executor', 'onnxruntime', '--lr', '0.05'],
  ...['--epochs', `${EPOCHS}`, '--checkpoint-seconds', '0.02'],
];

const prepared = ['--mean', '0.5,0.5,0.5', '--std', '0.25,0.25,0.25'];

/** What is killed. The first trains the model that others work on. */
export const killedCommands: Readonly<Record<string, KilledCommand>> = {
  train: { args: ({ images, network }) => ['train', network, ...training(images), ...prepared] },
  swp: {
    args: ({ images, network }) => [
      ...['swp', network, ...training(images), ...prepared, '--macs', '0.6', '--sr', '0.01'],
      ...['--bench-seconds', '0.01'],
    ],
  },
  prune: {
    args: ({ images, model }) => [
      ...['prune', model, ...training(images), '--macs', '0.5', '--steps', '2'],
      ...['--bench-seconds', '0.01'],
    ],
  },
  graft: {
    args: ({ images, network }) => [
      ...['graft', network, ...training(images), ...prepared, '--networks', '2', '--processes', '1'],
    ],
  },
  replicas: {
    args: ({ images, network }) => [
      ...['train', network, ...training(images), ...prepared],
      ...['--replicas', '2', '--average-every', '2'],
    ],
  },
  run: { args: (inputs) => ['run', recipeOf(inputs)] },
  deploy: {
    args: ({ model }) => ['deploy', model, '--seconds', '0.01', '--no-cache'],
    timed: true,
  },
};

/** Writes the network that commands start from. */
export function writeNetwork(path: string): void {
  writeModelFile(plainNetwork({ size: 16, classes: 3, widths: [8, 8, 16] }), path);
}

/** Writes a recipe of two steps. */
function recipeOf({ images, folder, network }: Inputs): string {
  const options = { ...recorded, data: images, epochs: 1 };
  const mean = [0.5, 0.5, 0.5].join(',');
  const std = [0.25, 0.25, 0.25].join(',');
  const steps = [
    { do: 'train', model: network, options: { ...options, mean, std } },
    { do: 'prune', model: '$train/model.onnx', options: { ...options, macs: 0.5, benchSeconds: 0.01 } },
  ];
  const path = join(folder, 'recipe.json');
  writeFileSync(path, JSON.stringify({ name: 'kills', steps }));
  return path;
}
