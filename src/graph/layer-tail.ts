import { type Node, onlyOutput, type Value } from './graph.ts';
import { isOperator, knownOperator, type OperatorName } from './operators/index.ts';
import { traitsOf } from './operators/traits.ts';
import type { Connections } from './topology.ts';

/** The normalisation and the activation between a layer and the next operator that mixes its channels. */
export interface LayerTail {
  /** The BatchNormalization that only this layer feeds, possibly after a bias. */
  readonly normalization: Node | null;
  /** The first activation (for x·Sigmoid(x), the Sigmoid); null if another operator reads the channels first. */
  readonly activation: Node | null;
  /** The output of the activation; without one, the last value before the path forks or ends. */
  readonly value: Value;
  /** A description of the operators that read `value` if there is no activation. */
  readonly readers: string;
}

/** Follows a layer's output through bias, normalisations and sums to the first activation. */
export function layerTail(layer: Node, links: Connections): LayerTail {
  let value = onlyOutput(layer);
  let normalization: Node | null = null;
  let own = true;
  for (;;) {
    const readers = (links.uses.get(value) ?? []).map(({ node }) => node);
    const activation = activationOf(readers, links);
    if (activation) return { normalization, activation, value: onlyOutput(activation), readers: '' };
    const [reader, ...others] = readers;
    const op = reader && others.length === 0 ? knownOperator(reader) : null;
    const step = op && passages[op];
    if (!reader || !step || (step === 'normalization' && reader.inputs[0] !== value)) {
      return { normalization, activation: null, value, readers: named(readers) };
    }
    if (step === 'normalization' && own) normalization = reader;
    // After a sum of two values, or a second normalisation, the channels no longer belong to this layer alone.
    if (step === 'normalization' || (step === 'sum' && !addsConstant(reader))) own = false;
    value = onlyOutput(reader);
  }
}

const passages: { readonly [Op in OperatorName]?: 'normalization' | 'sum' | 'identity' } = {
  BatchNormalization: 'normalization',
  Add: 'sum',
  Sum: 'sum',
  Identity: 'identity',
  Dropout: 'identity',
};

/** The reader that is an activation, also in the form x·f(x). */
function activationOf(readers: readonly (Node | null)[], { uses }: Connections): Node | null {
  const [first, second] = readers;
  if (readers.length === 1) return first && traitsOf(first).activation ? first : null;
  if (readers.length !== 2 || !first || !second) return null;
  const [gate, product] = isOperator(first, 'Mul') ? [second, first] : [first, second];
  if (!isOperator(product, 'Mul') || !traitsOf(gate).activation) return null;
  const [gated, ...others] = uses.get(onlyOutput(gate)) ?? [];
  return gated?.node === product && others.length === 0 ? product : null;
}

const addsConstant = ({ inputs }: Node): boolean => inputs.some((value) => value?.tensor);

function named(readers: readonly (Node | null)[]): string {
  const names = [...new Set(readers.map((node) => node?.op ?? 'the output of the network'))];
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? 'nothing');
}
