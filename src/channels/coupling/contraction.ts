import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { along, type Channels } from './channels.ts';
import { dimensionsOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** A factor of a sum of products, with a letter per axis, as in Einsum. */
export interface Factor {
  readonly value: Value;
  readonly index: number;
  readonly letters: string;
  readonly channels: Channels | null;
}

/** y[result] = Σ Π factors, summed over all letters that are not in the result. */
export interface Product {
  readonly node: Node;
  readonly factors: readonly [Factor, Factor];
  readonly result: string;
}

/** The channels of the result of a sum of products. With a constant factor, it is a layer. */
export function contracted(product: Product, scope: CouplingScope): Channels | null {
  const [a, b] = product.factors;
  if (b.value.tensor) return layer(product, [a, b], scope);
  return a.value.tensor ? layer(product, [b, a], scope) : joined(product, scope);
}

/** A layer: reads channels of x along a letter that is summed over; creates channels along a letter that x lacks. */
function layer(
  { node, result }: Product,
  [x, weight]: readonly [Factor, Factor],
  scope: CouplingScope,
): Channels | null {
  const own = weight.letters;
  const isWide = (letter: string) => widthOf(weight, letter) !== 1;
  const isMade = (letter: string) => own.includes(letter) && !x.letters.includes(letter) && isWide(letter);
  const passed = x.channels && through({ node, result }, { x, weight }, scope);
  const [letter] = [...result]
    .filter(isMade)
    .sort((a, b) => widthOf(weight, b) - widthOf(weight, a) || result.indexOf(b) - result.indexOf(a));
  if (letter === undefined) return passed;
  scope.pin(passed, `it is read along another axis by ${nodeLabel(node)}`);
  const made = scope.fresh(node, widthOf(weight, letter));
  const channels = along(own.indexOf(letter), made);
  scope.slice({ value: weight.value, channels, role: 'filters', node });
  return along(result.indexOf(letter), made);
}

/** The channels of x in the result, and their effect on the weight. */
function through(
  { node, result }: Pick<Product, 'node' | 'result'>,
  { x, weight }: { readonly x: Factor; readonly weight: Factor },
  scope: CouplingScope,
): Channels | null {
  const carried = carriedBy(x);
  if (!carried) return summedOver(x, node, scope);
  const { letter, channels } = carried;
  const { labels } = channels;
  const axis = weight.letters.indexOf(letter);
  const isSliced = axis >= 0 && widthOf(weight, letter) !== 1;
  if (isSliced && labels.length === 1 && widthOf(weight, letter) > 1) return stretched(x, node, scope);
  const goesOn = result.includes(letter);
  if (!goesOn && !isSliced) return summedOver(x, node, scope);
  if (!goesOn) scope.read({ node, index: x.index, channels });
  const role = goesOn ? 'per channel' : 'inputs';
  if (isSliced) scope.slice({ value: weight.value, channels: along(axis, labels), role, node });
  return goesOn ? along(result.indexOf(letter), labels) : null;
}

/** A single channel that is multiplied with many positions is pinned. */
function stretched({ channels }: Factor, node: Node, scope: CouplingScope): null {
  scope.pin(channels, `it is broadcast over other channels in ${nodeLabel(node)}`);
  return null;
}

/**
 * Both factors are computed: channels along a letter that is summed over are joined and end; the others continue in the
 * result.
 */
function joined(product: Product, scope: CouplingScope): Channels | null {
  const [first, second] = product.factors;
  const [a, b] = [
    { factor: first, carried: carriedBy(first) },
    { factor: second, carried: carriedBy(second) },
  ];
  if (a.carried && b.carried && a.carried.letter === b.carried.letter) {
    const sides = [
      { factor: first, ...a.carried },
      { factor: second, ...b.carried },
    ] as const;
    return meeting(sides, product, scope);
  }
  const passed = [sidePassed([a, b], product, scope), sidePassed([b, a], product, scope)];
  // A position of the result would belong to channels of both factors.
  if (passed[0] && passed[1])
    for (const channels of passed)
      scope.pin(channels, `it is multiplied with other channels in ${nodeLabel(product.node)}`);
  return passed[0] && passed[1] ? null : (passed[0] ?? passed[1] ?? null);
}

/** Both factors have channels along the same letter. */
function meeting(
  [a, b]: readonly [MeetingFactor, MeetingFactor],
  { node, result }: Product,
  scope: CouplingScope,
): Channels | null {
  if (a.channels.labels.length !== b.channels.labels.length) {
    const [narrow, wide] = a.channels.labels.length < b.channels.labels.length ? [a, b] : [b, a];
    stretched(narrow.factor, node, scope);
    return result.includes(wide.letter)
      ? along(result.indexOf(wide.letter), wide.channels.labels)
      : summedOver(wide.factor, node, scope);
  }
  scope.join(a.channels.labels, b.channels.labels);
  if (result.includes(a.letter)) return along(result.indexOf(a.letter), a.channels.labels);
  for (const { factor, channels } of [a, b]) scope.read({ node, index: factor.index, channels });
  return null;
}

function summedOver({ channels }: Factor, node: Node, scope: CouplingScope): null {
  scope.pin(channels, `it is summed over in ${nodeLabel(node)}`);
  return null;
}

/** Channels along one axis of a factor. */
interface Carried {
  readonly letter: string;
  readonly channels: Channels;
}

interface MeetingFactor extends Carried {
  readonly factor: Factor;
}

interface FactorChannels {
  readonly factor: Factor;
  /** null if there are no channels, or if they are along several axes. */
  readonly carried: Carried | null;
}

/** The channels of one factor in the result; those along a letter where the other factor has no channels are pinned. */
function sidePassed(
  [{ factor, carried }, { factor: other }]: readonly [FactorChannels, FactorChannels],
  { node, result }: Pick<Product, 'node' | 'result'>,
  scope: CouplingScope,
): Channels | null {
  if (!factor.channels) return null;
  if (!carried || !result.includes(carried.letter)) return summedOver(factor, node, scope);
  const { letter, channels } = carried;
  const { labels } = channels;
  if (other.letters.includes(letter) && widthOf(other, letter) !== 1) {
    if (labels.length === 1) return stretched(factor, node, scope);
    scope.pin(
      factor.channels,
      `it is combined with ${other.value.name}, which has no channels, in ${nodeLabel(node)}`,
    );
    return null;
  }
  return along(result.indexOf(letter), labels);
}

function carriedBy({ channels, letters }: Factor): Carried | null {
  const [axis, ...others] = channels?.axes ?? [];
  const letter = axis === undefined ? undefined : letters[axis];
  return channels && letter !== undefined && others.length === 0 ? { letter, channels } : null;
}

const widthOf = ({ value, letters }: Factor, letter: string): number =>
  Number(dimensionsOf(value)[letters.indexOf(letter)]);
