import type { Node, Value } from '../graph/graph.ts';
import { layerTail } from '../graph/layer-tail.ts';
import { isOperator } from '../graph/operators/index.ts';
import { type Connections, connections } from '../graph/topology.ts';
import { filled, type Tensor } from '../numeric/tensor.ts';
import type { StepExtension, StepScope } from '../training/step-graph.ts';

/** The state name of a convolution's filter skeleton, derived from the name of its weight. */
export const skeletonName = (weight: string): string => `${weight}.skeleton`;
export const skeletonMomentumName = (weight: string): string => `${weight}.skeleton.momentum`;
export const maskName = (weight: string): string => `${weight}.skeleton.mask`;

/** Settings of filter skeletons I, by which weights are multiplied: W ⊙ I. */
export interface SkeletonSettings {
  /** Weight decay on I, in addition to the L1 term. Default 0. */
  readonly weightDecay?: number;
  /** SGD momentum for I. Default 0.9. */
  readonly momentum?: number;
  /** Whether all other parameters are fixed, so that only shapes are learned. Default false. */
  readonly freezeWeights?: boolean;
  /** Initial skeletons, by the name of the weight. Default: all 1. */
  readonly start?: ReadonlyMap<string, Tensor>;
}

/** Whether a convolution has stripes: its kernel has more than one position. */
export function hasStripes(node: Node): boolean {
  const [, weight] = node.inputs;
  const kernel = weight?.tensor?.shape.slice(2) ?? weight?.shape?.slice(2) ?? [];
  return isOperator(node, 'Conv') && kernel.some((size) => Number(size) > 1);
}

/**
 * Trains a filter skeleton I [M, kH, kW], from 1, with every convolution of kernel > 1: the network reads W ⊙ I, so
 * that ∂L/∂W = I ⊙ G and ∂L/∂I = Σ_c W·G. I is updated by SkeletonUpdate: L1 sub-gradient, threshold, and a mask on
 * value, gradient and momentum alike. A filter without stripes also zeroes its bias and the scale and shift of its
 * BatchNormalization (Meng et al., Pruning Filter in Filter, NeurIPS 2020, arXiv:2009.14410, section 3.2).
 */
export function filterSkeleton(settings: SkeletonSettings = {}): StepExtension {
  const { weightDecay = 0, momentum = 0.9, freezeWeights = false } = settings;
  const plans = new WeakMap<StepScope, SkeletonPlan>();
  const planOf = (scope: StepScope): SkeletonPlan => {
    const known = plans.get(scope) ?? { skeletons: [], liveOf: new Map(), links: connections(scope.model) };
    plans.set(scope, known);
    return known;
  };

  return {
    freezes: () => freezeWeights,
    reparametrize(scope, parameter) {
      const { skeletons, liveOf, links } = planOf(scope);
      const frozenLive = freezeWeights && liveOf.get(parameter.value);
      if (frozenLive) return scope.g.Mul(parameter.value, frozenLive);
      if (parameter.role !== 'weight' || !hasStripes(parameter.node)) return null;
      const skeleton = declare(scope, parameter.value, settings.start?.get(parameter.value.name));
      skeletons.push(skeleton);
      const live = scope.g.ReduceMax(skeleton.mask, scope.g.int64s(axesAfterFirst(skeleton.mask)), {
        keepdims: 0,
      });
      for (const value of perFilterParameters(parameter.node, links)) liveOf.set(value, live);
      return scope.g.Mul(parameter.value, scope.g.Unsqueeze(skeleton.value, scope.g.int64s([1])));
    },
    adjust(scope, parameter, next) {
      const live = planOf(scope).liveOf.get(parameter.value);
      return live ? scope.g.Mul(next, live) : next;
    },
    update(scope, gradientOf) {
      const { g, scalar, setNext } = scope;
      const scalars = [scalar('learningRate'), scalar('alpha'), scalar('threshold')] as const;
      for (const { value, momentum: velocity, mask } of planOf(scope).skeletons) {
        const [next, nextVelocity, nextMask] = g.SkeletonUpdate(
          ...([value, gradientOf(value), velocity, mask] as const),
          ...scalars,
          { weight_decay: weightDecay, momentum },
        );
        setNext(value, next);
        setNext(velocity, nextVelocity);
        setNext(mask, nextMask);
      }
    },
  };
}

/** The skeletons of one step graph: one extension may build several step graphs. */
interface SkeletonPlan {
  readonly skeletons: { value: Value; momentum: Value; mask: Value }[];
  /** For each per-filter parameter, a mask [M] of living filters. */
  readonly liveOf: Map<Value, Value>;
  readonly links: Connections;
}

function declare(scope: StepScope, weight: Value, start: Tensor | undefined) {
  const [filters, , ...kernel] = weight.shape as number[];
  const shape = [filters!, ...kernel];
  const fits = start?.shape.join() === shape.join();
  const value = scope.state(skeletonName(weight.name), fits ? start! : filled(shape, 1));
  const momentum = scope.state(skeletonMomentumName(weight.name), filled(shape, 0));
  const mask = scope.state(maskName(weight.name), filled(shape, 1));
  scope.wantGradient(value);
  return { value, momentum, mask };
}

const axesAfterFirst = (value: Value): number[] => value.shape!.slice(1).map((_, i) => i + 1);

/** The parameters that shift and scale each filter's feature map: the bias, and those of the BatchNormalization after it. */
export function perFilterParameters(conv: Node, links: Connections): Value[] {
  const { normalization } = layerTail(conv, links);
  return [conv.inputs[2], ...(normalization?.inputs.slice(1, 3) ?? [])].filter(
    (value): value is Value => !!value,
  );
}
