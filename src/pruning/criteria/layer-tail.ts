import type { Node, Value } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { traitsOf } from '../../graph/operators/traits.ts';
import type { Connections } from '../../graph/topology.ts';

/** The normalisation and the activation between a layer and the next operator that mixes its channels. */
export interface LayerTail {
  /** The BatchNormalization that only this layer feeds, possibly after a bias. */
  readonly normalization: Node | null;
  /** The first activation (the Sigmoid of x·Sigmoid(x)'s product); null where another operator reads the channels first. */
  readonly activation: Node | null;
  /** The activation's output; without one, the last value before the path forks or ends. */
  readonly value: Value;
  /** The operators that read `value` where there is no activation. */
  readonly readers: string;
}

/** Follows a layer's output through a bias, normalisations and sums to its first activation. */
export function layerTail(layer: Node, links: Connections): LayerTail {
  let value = layer.outputs[0]!;
  let normalization: Node | null = null;
  let own = true;
  for (;;) {
    const readers = (links.uses.get(value) ?? []).map(({ node }) => node);
    const [reader] = readers;
    const activation = activationOf(readers, links);
    if (activation) return { normalization, activation, value: activation.outputs[0]!, readers: '' };
    const step = readers.length === 1 && reader && passages[reader.op];
    if (!step || reader?.domain !== '' || (step === 'normalization' && reader.inputs[0] !== value)) {
      return { normalization, activation: null, value, readers: named(readers) };
    }
    if (step === 'normalization' && own) normalization = reader;
    // After a sum of two values, or a first normalisation, the channels are no longer this layer's alone.
    if (step === 'normalization' || (step === 'sum' && !addsConstant(reader))) own = false;
    value = reader.outputs[0]!;
  }
}

const passages: Readonly<Record<string, 'normalization' | 'sum' | 'identity' | undefined>> = {
  BatchNormalization: 'normalization',
  Add: 'sum',
  Sum: 'sum',
  Identity: 'identity',
  Dropout: 'identity',
};

/** One reader that is an activation, or x·f(x) with an f that is. */
function activationOf(readers: readonly (Node | null)[], { uses }: Connections): Node | null {
  const [first, second] = readers;
  if (readers.length === 1) return first && traitsOf(first).activation ? first : null;
  if (readers.length !== 2 || !first || !second) return null;
  const [gate, product] = isOperator(first, 'Mul') ? [second, first] : [first, second];
  if (!isOperator(product, 'Mul') || !traitsOf(gate).activation) return null;
  const gated = uses.get(gate.outputs[0]!) ?? [];
  return gated.length === 1 && gated[0]!.node === product ? product : null;
}

const addsConstant = ({ inputs }: Node): boolean => inputs.some((value) => value?.tensor);

function named(readers: readonly (Node | null)[]): string {
  const names = [...new Set(readers.map((node) => node?.op ?? 'the output of the network'))];
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? 'nothing');
}
