import type { Builder } from '../../graph/builder.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { elementCount, filled, floats, int64s } from '../../numeric/tensor.ts';
import { namedFloats, type Tensors } from '../../runtime/executor.ts';
import type { Controller } from '../../training/options.ts';
import type { StepExtension, StepScope } from '../../training/step-graph.ts';
import { withState } from '../../training/training-step.ts';
import type { MaskedLayers, MaskedParameter, UnitMask } from './masked-layers.ts';

export interface MaskSettings {
  /** λ of the penalty λ·Σ|m|. */
  readonly strength: number;
  /** A mask with |m| at or below this becomes 0 permanently. */
  readonly threshold: number;
  /** SGD momentum of the masks. */
  readonly momentum: number;
}

/**
 * Learns a mask m for each channel, starting at 1, with an L1 penalty and a threshold: y ← m·y for the channels of every
 * layer, including those that pass a removed residual connection (Meng et al., RMNet, 2021, arXiv:2111.00687, section 3.3).
 */
export function channelMaskController(layers: MaskedLayers, settings: MaskSettings): Controller {
  return {
    extensions: [maskExtension(layers, settings)],
    scalars: () => ({ alpha: settings.strength, threshold: settings.threshold }),
    afterStep() {},
    network: (network, state) => merged(withState(network, state), layers, state),
    metrics: (state) => ({ channelsKept: keptPart(layers, state) }),
    save: () => null,
    restore() {},
  };
}

const momentumName = ({ state }: UnitMask): string => `${state}.momentum`;
const livingName = ({ state }: UnitMask): string => `${state}.living`;

function maskExtension({ masks, parameters }: MaskedLayers, { momentum }: MaskSettings): StepExtension {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const declared = new WeakMap<StepScope, Map<UnitMask, Value>>();
  const statesOf = (scope: StepScope): Map<UnitMask, Value> => {
    const known = declared.get(scope);
    if (known) return known;
    const states = new Map(
      masks.map((mask) => {
        const value = scope.state(mask.state, filled([mask.sets.length], 1));
        scope.wantGradient(value);
        return [mask, value] as const;
      }),
    );
    declared.set(scope, states);
    return states;
  };
  return {
    reparametrize(scope, { value }) {
      const parameter = byName.get(value.name);
      if (!parameter) return null;
      const states = statesOf(scope);
      const masks = parameter.masks.flatMap((mask) => states.get(mask) ?? []);
      const factors = factorsOf(scope.g, parameter, masks);
      const shape = value.shape!.map((size, axis) => (axis === parameter.axis ? Number(size) : 1));
      return scope.g.Mul(value, scope.g.Reshape(factors, scope.g.int64s(shape)));
    },
    update(scope, gradientOf) {
      const { g, scalar, setNext } = scope;
      const scalars = [scalar('learningRate'), scalar('alpha'), scalar('threshold')] as const;
      for (const [mask, value] of statesOf(scope)) {
        const shape = [mask.sets.length];
        const velocity = scope.state(momentumName(mask), filled(shape, 0));
        const living = scope.state(livingName(mask), filled(shape, 1));
        const [next, nextVelocity, nextLiving] = g.SkeletonUpdate(
          ...([value, gradientOf(value), velocity, living] as const),
          ...scalars,
          { weight_decay: 0, momentum },
        );
        setNext(value, next);
        setNext(velocity, nextVelocity);
        setNext(living, nextLiving);
      }
    },
  };
}

/** The factor of each index along a parameter's axis: the mask itself if the order is that of the channels. */
function factorsOf(g: Builder, { places }: MaskedParameter, masks: readonly Value[]): Value {
  const [only, ...others] = masks;
  const isPlain = others.length === 0 && places.every((place, i) => place === i);
  if (only && isPlain && places.length === only.shape?.[0]) return only;
  const all = g.Concat(...masks, g.floats([1]), { axis: 0 });
  return g.Gather(all, g.constant(int64s([...places])), { axis: 0 });
}

/** The network with its masks multiplied into its parameters. */
function merged(network: Graph, { parameters }: MaskedLayers, state: Tensors): Graph {
  const byName = new Map(network.initializers.map((value) => [value.name, value]));
  for (const { name, axis, masks, places } of parameters) {
    const value = byName.get(name);
    if (!value?.tensor) continue;
    const factors = [...masks.flatMap((mask) => [...namedFloats(state, mask.state)]), 1];
    const { shape, data } = value.tensor;
    const inner = elementCount(shape.slice(axis + 1));
    const own = places.map((place) => factors[place]!);
    const scaled = (data as Float32Array).map((x, i) => x * own[Math.floor(i / inner) % own.length]!);
    value.tensor = floats(shape, scaled);
  }
  return network;
}

function keptPart({ masks }: MaskedLayers, state: Tensors): number {
  const all = masks.flatMap((mask) => [...namedFloats(state, mask.state)]);
  return all.filter((m) => m !== 0).length / all.length;
}

/** |m| of the removable channel sets, by the name of their unit, in its order: the scores for ranking. */
export const learnedScores = ({ masks }: MaskedLayers, state: Tensors): Map<string, number[]> =>
  new Map(masks.map((mask) => [mask.unit, Array.from(namedFloats(state, mask.state), Math.abs)]));
