import type { Node, Value } from '../../graph/graph.ts';
import type { Connections } from '../../graph/topology.ts';

/** What the channels of a layer go through before anything mixes them. */
export interface Behind {
  /** The BatchNormalization that reads the layer alone, but for a bias between them. */
  readonly normalization: Node | null;
  /** The first activation, by operator (`SiLU` for x·Sigmoid(x)); null where other things read the channels first. */
  readonly activation: Node | null;
  /** Behind the activation, or where the way forks or ends before one. */
  readonly value: Value;
  /** Who reads the value where there was no activation. */
  readonly readers: string;
}

/** Follows the output of a layer to the first activation behind it, through a bias, a normalisation and sums. */
export function behind(layer: Node, links: Connections): Behind {
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
    // Behind a sum of two, or a first normalisation, the channels are no longer this layer's own.
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

const activations: ReadonlySet<string> = new Set([
  'Relu',
  'Clip',
  'LeakyRelu',
  'PRelu',
  'Elu',
  'Celu',
  'Selu',
  'Gelu',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Tanh',
  'Softplus',
  'Softsign',
  'Mish',
  'ThresholdedRelu',
]);

/** One reader that is an activation, or x·f(x) with an f that is. */
function activationOf(readers: readonly (Node | null)[], { uses }: Connections): Node | null {
  const [first, second] = readers;
  if (readers.length === 1) return first && activations.has(first.op) ? first : null;
  if (readers.length !== 2 || !first || !second) return null;
  const [gate, product] = first.op === 'Mul' ? [second, first] : [first, second];
  if (product.op !== 'Mul' || !activations.has(gate.op)) return null;
  const gated = uses.get(gate.outputs[0]!) ?? [];
  return gated.length === 1 && gated[0]!.node === product ? product : null;
}

const addsConstant = ({ inputs }: Node): boolean => inputs.some((value) => value?.tensor);

function named(readers: readonly (Node | null)[]): string {
  const names = [...new Set(readers.map((node) => node?.op ?? 'the output of the network'))];
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? 'nothing');
}
