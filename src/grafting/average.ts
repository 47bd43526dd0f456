import { average } from '../numeric/statistics.ts';
import { float32Data, floats, makeTensor, type Tensor } from '../numeric/tensor.ts';
import { namedTensor, type Tensors } from '../runtime/executor.ts';
import { slotNames } from '../training/optimizers.ts';
import type { GraftMomentum } from './blend.ts';

/**
 * Replaces the parameters and statistics of all networks by their mean, W ← Σ W_i / n: local SGD (Stich, ICLR 2019,
 * arXiv:1805.09767). The optimiser's state is averaged, too (`blend`: Yu, Jin & Yang, ICML 2019, arXiv:1905.03817), kept, or
 * reset to 0.
 */
export function averaged(states: readonly Tensors[], momentum: GraftMomentum): Tensors[] {
  const [first = {}] = states;
  const names = Object.entries(first).flatMap(([name, { dtype }]) => (dtype === 'float32' ? [name] : []));
  const slots = new Set(names.flatMap(slotNames).filter((slot) => first[slot] !== undefined));
  const shared = new Map(
    names
      .filter((name) => momentum === 'blend' || !slots.has(name))
      .map((name) => [name, mean(states.map((state) => namedTensor(state, name)))] as const),
  );
  return states.map((own) =>
    Object.fromEntries(
      Object.entries(own).map(([name, tensor]) => {
        const empty = momentum === 'reset' && slots.has(name);
        return [name, shared.get(name) ?? (empty ? zerosLike(tensor) : tensor)] as const;
      }),
    ),
  );
}

/** Σ x_i / n, summed in double precision in the order of the networks. */
function mean(tensors: readonly Tensor[]): Tensor {
  const [{ shape }] = tensors as [Tensor];
  return floats(shape, average(tensors.map(float32Data)));
}

/** A tensor of zeros with the same type and shape. */
export const zerosLike = ({ dtype, shape, data }: Tensor): Tensor =>
  makeTensor(
    dtype,
    shape,
    (data as Float32Array).map(() => 0),
  );
