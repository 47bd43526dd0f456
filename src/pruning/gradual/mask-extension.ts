import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, makeConstant, makeValue, type Value } from '../../graph/graph.ts';
import { elementCount, filled, floats, type Tensor } from '../../numeric/tensor.ts';
import type { Tensors } from '../../runtime/executor.ts';
import type { StepExtension, StepScope } from '../../training/step-graph.ts';
import type { Masked, MaskPlace } from './prunable-sets.ts';

/** The name of the state with ∂L/∂mask of the last step. */
export const gradientName = ({ name }: MaskPlace): string => `${name}/gradient`;

/**
 * Multiplies the values at `places` by masks that are initially 1, and stores ∂L/∂mask of each step. Training does not change
 * masks. `places` must be those of the network in training.
 */
export function maskExtension(places: () => readonly MaskPlace[]): StepExtension {
  const plans = new WeakMap<StepScope, MaskPlan>();
  const planOf = (scope: StepScope): MaskPlan => {
    const known = plans.get(scope) ?? { byMasked: groupPlaces(places()), masks: new Map() };
    plans.set(scope, known);
    return known;
  };
  const multiplied = (scope: StepScope, masked: Masked, value: Value): Value | null => {
    const { byMasked, masks } = planOf(scope);
    const own = byMasked.get(keyOf(masked));
    if (!own) return null;
    return own.reduce((product, place) => {
      const mask = masks.get(place) ?? scope.state(place.name, filled(place.shape, 1));
      if (!masks.has(place)) scope.wantGradient(mask);
      masks.set(place, mask);
      return scope.g.Mul(product, mask);
    }, value);
  };
  return {
    reparametrize: (scope, { value }) => multiplied(scope, { parameter: value.name }, value),
    reads(scope, { node, index, value }) {
      const reader = node.outputs[0]?.name;
      return reader === undefined ? null : multiplied(scope, { reader, index }, value);
    },
    update(scope, gradientOf) {
      for (const [place, mask] of planOf(scope).masks) {
        scope.setNext(mask, mask);
        scope.setNext(scope.state(gradientName(place), filled(place.shape, 0)), gradientOf(mask));
      }
    },
  };
}

interface MaskPlan {
  readonly byMasked: ReadonlyMap<string, readonly MaskPlace[]>;
  readonly masks: Map<MaskPlace, Value>;
}

const keyOf = (masked: Masked): string =>
  'parameter' in masked ? masked.parameter : `${masked.index} of ${masked.reader}`;

function groupPlaces(places: readonly MaskPlace[]): Map<string, readonly MaskPlace[]> {
  const groups = new Map<string, MaskPlace[]>();
  for (const place of places) groups.set(keyOf(place.of), [...(groups.get(keyOf(place.of)) ?? []), place]);
  return groups;
}

/** The mask tensors of places, with some sets masked. */
export const maskTensors = (
  places: readonly MaskPlace[],
  masked: ReadonlySet<number>,
): Record<string, Tensor> =>
  Object.fromEntries(
    places.map(({ name, shape, sets }) => [
      name,
      floats(
        shape,
        Float32Array.from(sets, (set) => (masked.has(set) ? 0 : 1)),
      ),
    ]),
  );

/** A copy of a network multiplied by the masks of a state. */
export function maskedNetwork(network: Graph, places: readonly MaskPlace[], state: Tensors): Graph {
  const graph = cloneGraph(network);
  const unique = uniqueNames(graph);
  const parameters = new Map(graph.initializers.map((value) => [value.name, value]));
  const readers = new Map(graph.nodes.map((node) => [node.outputs[0]?.name, node]));
  for (const { name, of } of places) {
    const mask = state[name];
    if (!mask || (mask.data as Float32Array).every((element) => element === 1)) continue;
    if ('parameter' in of) {
      const value = parameters.get(of.parameter);
      if (value?.tensor) value.tensor = product(value.tensor, mask);
      continue;
    }
    const reader = readers.get(of.reader);
    const value = reader?.inputs[of.index];
    if (!reader || !value) continue;
    const factor = makeConstant(unique(name), mask);
    const y = makeValue(unique(`${value.name}.masked`), value.dtype, value.shape);
    const inputs = [value, factor];
    graph.initializers.push(factor);
    graph.nodes.splice(graph.nodes.indexOf(reader), 0, {
      ...{ op: 'Mul', domain: '', name: y.name, inputs, outputs: [y], attributes: {} },
    });
    reader.inputs[of.index] = y;
  }
  return graph;
}

/** w ⊙ m, where m has size 1 along all axes but one. */
function product({ shape, data }: Tensor, { shape: wide, data: mask }: Tensor): Tensor {
  const axis = wide.findIndex((size) => size > 1);
  const inner = elementCount(shape.slice(axis + 1));
  const size = wide[axis] ?? 1;
  return floats(
    shape,
    (data as Float32Array).map((w, i) => w * (mask as Float32Array)[Math.floor(i / inner) % size]!),
  );
}
