import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import type { Connections } from '../../graph/topology.ts';
import { isUniform } from '../../numeric/tensor.ts';
import type { CouplingScope, ParameterSlicing } from './scope.ts';

/**
 * Ensures that all uses of a parameter are sliced equally: channels of its uses with the same index are joined, and channels
 * that only some uses have are pinned.
 */
export function joinSharedParameters(
  slicings: readonly ParameterSlicing[],
  links: Connections,
  scope: CouplingScope,
): void {
  const stored = new Map<Value, ParameterSlicing[]>();
  for (const [value, own] of slicingsByValue(slicings)) {
    const root = storedOf(value, links);
    stored.set(root, [...(stored.get(root) ?? []), ...own]);
  }
  for (const [value, own] of stored) {
    const readers = readersOf(value, links);
    const isDecoded = own.some((slicing) => slicing.value !== value);
    if (readers.size > 1 && (isDecoded || !canBeDivided(own))) joinUses(value, { own, readers }, scope);
  }
}

/** The stored form of a parameter: the integers, if it is read through a DequantizeLinear. */
const storedOf = (value: Value, { producer }: Connections): Value => producer.get(value)?.inputs[0] ?? value;

/** The nodes that read a parameter, also through a DequantizeLinear; null for an output of the network. */
function readersOf(value: Value, { uses }: Connections): Set<Node | null> {
  return new Set(
    (uses.get(value) ?? []).flatMap(({ node }) => {
      const decoded = isOperator(node, 'DequantizeLinear') ? node.outputs[0] : null;
      return decoded ? (uses.get(decoded) ?? []).map((use) => use.node) : [node];
    }),
  );
}

/** The slicings of each parameter. */
export function slicingsByValue(slicings: readonly ParameterSlicing[]): Map<Value, ParameterSlicing[]> {
  const byValue = new Map<Value, ParameterSlicing[]>();
  for (const slicing of slicings) {
    const known = byValue.get(slicing.value);
    if (known) known.push(slicing);
    else byValue.set(slicing.value, [slicing]);
  }
  return byValue;
}

/**
 * Whether uses of a parameter may be sliced differently: all its elements are equal (a bias of zeros, a scale of ones), and
 * it is only shared because exporters store equal tensors once.
 */
export const canBeDivided = (slicings: readonly ParameterSlicing[]): boolean =>
  slicings.every(({ role }) => role === 'per channel') && isUniform(slicings[0]!.value.tensor!);

const axesOf = ({ channels }: ParameterSlicing): string => channels.axes.join();

interface Shared {
  readonly own: readonly ParameterSlicing[];
  /** null for an output of the network. */
  readonly readers: ReadonlySet<Node | null>;
}

function joinUses(value: Value, { own, readers }: Shared, scope: CouplingScope): void {
  for (const key of new Set(own.map(axesOf))) {
    const slicings = own.filter((slicing) => axesOf(slicing) === key);
    const known = new Set<Node | null>(slicings.map(({ node }) => node));
    const [first, ...others] = slicings as [ParameterSlicing, ...ParameterSlicing[]];
    for (const { channels } of others) scope.join(first.channels.labels, channels.labels);
    const other = [...readers].find((node) => !known.has(node));
    if (other === undefined) continue;
    const reader = other ? nodeLabel(other) : 'the output of the network';
    scope.pin(first.channels, `it shares ${value.name} with ${reader}, which cannot be sliced alike`);
  }
}
