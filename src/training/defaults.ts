import type { TrainOptions } from './options.ts';

/** Default values of the training options. */
export const trainingDefaults = {
  batch: 128,
  optimizer: 'sgd',
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  schedule: 'step',
  milestones: [0.5, 0.75],
  gamma: 0.1,
  warmupEpochs: 0,
  labelSmoothing: 0,
  seed: 1,
  evaluateEvery: 1,
  checkpointSeconds: 60,
} as const satisfies Partial<TrainOptions>;
