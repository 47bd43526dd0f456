import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { ParameterRole } from './parameters.ts';

/** An optimiser and its constants. */
export interface OptimizerSettings {
  readonly optimizer: OptimizerName;
  /** SGD's momentum, or Adam's β₁. Default 0.9. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Decay apart from the gradient: w ← w − lr·decay·w. AdamW always does. Default false. */
  readonly decoupledWeightDecay?: boolean;
  /** Roles without decay. Default none. */
  readonly noDecayOn?: readonly ParameterRole[];
}

/** Graph values of one parameter's update. */
interface UpdateCall {
  readonly parameter: Value;
  readonly gradient: Value;
  /** The state that keeps a running average, by the name of the slot. */
  readonly slot: (name: string) => Value;
  readonly learningRate: Value;
  /** The number of the step, from 1. */
  readonly step: Value;
  readonly weightDecay: number;
}

/** The values after a step. */
interface Update {
  readonly parameter: Value;
  /** Each running average, and what replaces it. */
  readonly slots: readonly (readonly [Value, Value])[];
}

interface Optimizer {
  /** Names of the running averages kept for each parameter. */
  readonly slots: readonly string[];
  readonly update: (g: Builder, call: UpdateCall, settings: OptimizerSettings) => Update;
}

export const optimizers = {
  /** Sutskever et al., ICML 2013, in PyTorch's form. */
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
  /** Loshchilov & Hutter, ICLR 2019. */
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

/** The names of all state that optimisers may keep for a parameter. */
export const slotNames = (parameter: string): string[] =>
  Object.values(optimizers).flatMap(({ slots }) => slots.map((slot) => `${parameter}.${slot}`));
