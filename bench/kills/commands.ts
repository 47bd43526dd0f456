import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What commands work on. */
export interface Inputs {
  /** A folder of images with classes. */
  readonly images: string;
  /** A trained model. */
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

const network = 'espalier-demo';

const training = (images: string): readonly string[] => [
  ...['--data', images, '--batch', '16', '--threads', '1', '--executor', 'onnxruntime', '--lr', '0.05'],
  ...['--epochs', '2', '--checkpoint-seconds', '0.05'],
];

const sized = (images: string): readonly string[] => [...training(images), '--size', '16'];

/** What is killed. The first trains the model that others work on. */
export const killedCommands: Readonly<Record<string, KilledCommand>> = {
  train: { args: ({ images }) => ['train', network, ...sized(images)] },
  swp: { args: ({ images }) => ['swp', network, ...sized(images), '--bench-seconds', '0.01'] },
  prune: {
    args: ({ images, model }) => [
      ...['prune', model, ...training(images), '--macs', '0.5', '--steps', '2'],
      ...['--bench-seconds', '0.01'],
    ],
  },
  graft: { args: ({ images }) => ['graft', network, ...sized(images), '--networks', '2'] },
  replicas: {
    args: ({ images }) => ['train', network, ...sized(images), '--replicas', '2', '--average-every', '2'],
  },
  run: { args: (inputs) => ['run', recipeOf(inputs)] },
  deploy: {
    args: ({ model }) => ['deploy', model, '--seconds', '0.01', '--no-cache'],
    timed: true,
  },
};

/** Writes a recipe of two steps. */
function recipeOf({ images, folder }: Inputs): string {
  const options = {
    ...{ data: images, batch: 16, threads: 1, executor: 'onnxruntime', lr: 0.05 },
    ...{ epochs: 1, checkpointSeconds: 0.05 },
  };
  const steps = [
    { do: 'train', model: network, options: { ...options, size: 16 } },
    { do: 'prune', model: '$train/model.onnx', options: { ...options, macs: 0.5, benchSeconds: 0.01 } },
  ];
  const path = join(folder, 'recipe.json');
  writeFileSync(path, JSON.stringify({ name: 'kills', steps }));
  return path;
}
