import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { averageName } from './averages.ts';
import type { ParameterRole } from './parameters.ts';

/** An optimiser and its hyperparameters. */
export interface OptimizerSettings {
  readonly optimizer: OptimizerName;
  /** Momentum of SGD, or β₁ of Adam. Default 0.9. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Decay outside the gradient: w ← w − lr·decay·w. Always so in AdamW. Default false. */
  readonly decoupledWeightDecay?: boolean;
  /** Parameter roles without weight decay. Default none. */
  readonly noDecayOn?: readonly ParameterRole[];
  /** Largest L2 norm of the gradients of all parameters together; larger ones are scaled down. Default: no limit. */
  readonly clipNorm?: number | undefined;
}

/** The graph values for the update of one parameter. */
interface UpdateCall {
  readonly parameter: Value;
  readonly gradient: Value;
  /** The optimiser state of the given name for this parameter. */
  readonly slot: (name: string) => Value;
  readonly learningRate: Value;
  /** The index of the step, from 1. */
  readonly step: Value;
  readonly weightDecay: number;
}

/** The values after an update. */
interface Update {
  readonly parameter: Value;
  /** Each optimiser state with its next value. */
  readonly slots: readonly (readonly [Value, Value])[];
}

interface Optimizer {
  /** Names of the states that are kept for each parameter. */
  readonly slots: readonly string[];
  readonly update: (g: Builder, call: UpdateCall, settings: OptimizerSettings) => Update;
}

export const optimizers = {
  /** SGD with momentum (Sutskever et al., ICML 2013), in PyTorch's form: v ← μ·v + ∇, w ← w − lr·v. */
  sgd: {
    slots: ['momentum'],
    update(g, { parameter, gradient, slot, learningRate, weightDecay }, settings) {
      const momentum = slot('momentum');
      const [next, nextMomentum] = g.SgdUpdate(parameter, gradient, momentum, learningRate, {
        momentum: settings.momentum ?? 0.9,
        nesterov: settings.nesterov ? 1 : 0,
        weight_decay: weightDecay,
        decoupled: settings.decoupledWeightDecay ? 1 : 0,
      });
      return { parameter: next, slots: [[momentum, nextMomentum]] };
    },
  },
  /** AdamW (Loshchilov & Hutter, ICLR 2019). */
  adamw: {
    slots: ['mean', 'variance'],
    update(g, { parameter, gradient, slot, learningRate, step, weightDecay }, settings) {
      const [mean, variance] = [slot('mean'), slot('variance')];
      const attributes = { beta1: settings.momentum ?? 0.9, weight_decay: weightDecay };
      const [next, nextMean, nextVariance] = g.AdamWUpdate(
        ...([parameter, gradient, mean, variance, learningRate, step, attributes] as const),
      );
      return {
        parameter: next,
        slots: [
          [mean, nextMean],
          [variance, nextVariance],
        ],
      };
    },
  },
} satisfies Record<string, Optimizer>;

/** The name of an optimiser. */
export type OptimizerName = keyof typeof optimizers;
export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** The names of all states that may be kept beside a parameter: those of optimisers, and its average. */
export const slotNames = (parameter: string): string[] => [
  ...Object.values(optimizers).flatMap(({ slots }) => slots.map((slot) => `${parameter}.${slot}`)),
  averageName(parameter),
];
