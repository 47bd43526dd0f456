import { EspalierError } from '../errors.ts';
import type { Builder } from '../graph/builder.ts';
import { type Graph, staticShape, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { filled } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import type { Controller } from './options.ts';
import { type Parameter, trainableParameters } from './parameters.ts';
import type { StepExtension } from './step-graph.ts';
import { withState } from './training-step.ts';

/** A penalty λ·Σ ‖w‖₂ over groups of a parameter's entries. */
interface PenaltyRule {
  /** What the rule applies to, for the error if a network has none. */
  readonly needs: string;
  appliesTo(parameter: Parameter): boolean;
  /** ‖w‖₂ of each group, with the rank of w. */
  norm(g: Builder, w: Value): Value;
}

/** The penalties for sparse training, by name. */
export const penaltyRules = {
  /** λ·Σ|γ| on the scales of BatchNormalization (Liu et al., Network Slimming, ICCV 2017, arXiv:1708.06519). */
  'bn-scale': {
    needs: 'a BatchNormalization, which an exporter may have folded away',
    appliesTo: ({ role, node }) => role === 'scale' && isOperator(node, 'BatchNormalization'),
    norm: (g, scale) => g.Abs(scale),
  },
  /** λ·Σ‖W_m‖₂ over the filters of convolutions (Wen et al., NeurIPS 2016, arXiv:1608.03665, filter-wise). */
  'group-lasso': {
    needs: 'a convolution',
    appliesTo: ({ role, node }) => role === 'weight' && isOperator(node, 'Conv'),
    norm(g, weight) {
      const axes = staticShape(weight).flatMap((_, axis) => (axis > 0 ? [axis] : []));
      return g.Sqrt(g.ReduceSum(g.Mul(weight, weight), g.int64s(axes), { keepdims: 1 }));
    },
  },
} satisfies Record<string, PenaltyRule>;

export type PenaltyName = keyof typeof penaltyRules;

/** A penalty and its coefficient λ. */
export interface Penalty {
  readonly name: PenaltyName;
  readonly strength: number;
}

/** Lower bound of the norms in the gradient, which is 0 for a group of zeros. */
const TINY = 1e-12;

/** Adds λ·w/‖w‖₂, the gradient of each penalty, to the gradients of the parameters that it applies to. */
export function sparsePenalties(penalties: readonly Penalty[]): StepExtension[] {
  return penalties.map(({ name, strength }) => ({
    penalize({ g }, parameter) {
      const rule: PenaltyRule = penaltyRules[name];
      if (strength === 0 || !rule.appliesTo(parameter)) return null;
      const norm = g.Max(rule.norm(g, parameter.value), g.floats(TINY));
      const factor = g.Div(g.constant(filled(staticShape(norm), strength)), norm);
      return g.Mul(parameter.value, factor);
    },
  }));
}

/** Scales below this fraction of the network's largest |γ| count as small. */
const SMALL_SCALE = 1e-2;

/**
 * Trains with penalties that push scales or filters towards zero. With `bn-scale`, each epoch reports `smallScales`, the
 * fraction of all |γ| below 1e-2·max |γ|. Throws `unsupported` if a penalty has nothing to apply to, `usage` if one is given
 * twice.
 */
export function sparseController(network: Graph, penalties: readonly Penalty[]): Controller {
  const parameters = trainableParameters(network);
  const twice = penalties.find(({ name }, i) => penalties.findIndex((other) => other.name === name) < i);
  if (twice) throw new EspalierError('usage', `\`sparse\`: expected ${twice.name} once, found it twice`);
  for (const { name } of penalties) {
    if (parameters.some(penaltyRules[name].appliesTo)) continue;
    throw new EspalierError(
      'unsupported',
      `\`sparse\` ${name}: expected ${penaltyRules[name].needs}, found none`,
      {
        where: network.name,
      },
    );
  }
  const scales = parameters.filter(penaltyRules['bn-scale'].appliesTo).map(({ value }) => value.name);
  const watchesScales = penalties.some(({ name }) => name === 'bn-scale');
  return {
    extensions: sparsePenalties(penalties),
    scalars: () => ({}),
    afterStep() {},
    network: withState,
    metrics: (state): Record<string, number> =>
      watchesScales ? { smallScales: smallScales(state, scales) } : {},
    save: () => null,
    restore() {},
  };
}

function smallScales(state: Tensors, names: readonly string[]): number {
  const sizes = names.flatMap((name) => Array.from(state[name]!.data as Float32Array, Math.abs));
  const limit = SMALL_SCALE * sizes.reduce((most, size) => Math.max(most, size), 0);
  return sizes.filter((size) => size < limit).length / sizes.length;
}
