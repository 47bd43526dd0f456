import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import { areaOf, type Box, boxAround, boxesOf, convolveBox, positionsOf } from './box.ts';
import { type Convolution, livePlaces } from './convolution.ts';
import { boxesCost, convolutionCost, copyCost } from './cost.ts';
import { bestPair } from './cover.ts';
import { type Part, partitions } from './partition.ts';
import { type FormPlan, inOrder } from './plan.ts';

/** Maximum number of parts: each is a convolution with a start-up cost. */
const MOST_PARTS = 4;

/** The unchanged convolution, with its zeros. */
export function densePlan(conv: Convolution): FormPlan {
  const whole = boxesOf(conv).reduce((best, box) => (areaOf(box) > areaOf(best) ? box : best));
  const plan = partsPlan('dense', conv, [{ filters: inOrder(conv), boxes: [whole] }]);
  return { ...plan, estimate: convolutionCost(conv, conv.filters, areaOf(whole)) };
}

/** The kernel cropped to the box around all living positions, if that is smaller. */
export function cropPlans(conv: Convolution): FormPlan[] {
  const box = boxAround(conv, livePlaces(conv));
  if (!box || areaOf(box) === conv.kernel[0] * conv.kernel[1]) return [];
  return [partsPlan('crop', conv, [{ filters: inOrder(conv), boxes: [box] }])];
}

/** Two boxes that together contain all living positions, computed separately and added: a plus shape is 1×3 and 3×1. */
export function crossPlans(conv: Convolution): FormPlan[] {
  const boxes = conv.group === 1 ? bestPair(conv, livePlaces(conv)) : null;
  return boxes ? [partsPlan('cross', conv, [{ filters: inOrder(conv), boxes }])] : [];
}

/** The filters in two to four parts with boxes of their own, computed separately and concatenated. */
export function partPlans(conv: Convolution): FormPlan[] {
  if (conv.group !== 1) return [];
  return partitions(conv, MOST_PARTS).map((parts) => partsPlan(`parts ${parts.length}`, conv, parts));
}

function partsPlan(form: string, conv: Convolution, parts: readonly Part[]): FormPlan {
  const joined = parts.length > 1 ? copyCost(conv, conv.filters) : 0;
  return {
    form,
    order: parts.flatMap(({ filters }) => filters),
    estimate: parts.reduce((sum, { filters, boxes }) => sum + boxesCost(conv, filters.length, boxes), joined),
    signature: parts
      .map(({ filters, boxes }) => `${filters.length}:${boxes.map(boxText).join('+')}`)
      .join(' '),
    joins: parts.length > 1,
    lower: (g, convolution, after) => lowerParts(g, { conv: convolution, parts, after }),
  };
}

const boxText = ({ rows, columns }: Box): string =>
  [rows, columns].map(({ first, step, count }) => `${first}/${step}/${count}`).join('x');

interface PartsWork {
  readonly conv: Convolution;
  readonly parts: readonly Part[];
  readonly after: ((map: Value) => Value) | undefined;
}

function lowerParts(g: Builder, { conv, parts, after = (map) => map }: PartsWork): Value {
  if (parts.length === 1) return lowerPart(g, conv, { ...parts[0]!, name: conv.name });
  const maps = parts.map((part, i) => after(lowerPart(g, conv, { ...part, name: `${conv.name}.part${i}` })));
  return g.named(`${conv.name}.joined`).Concat(...maps, { axis: 1 });
}

/** The sum of the boxes of one part. Each position is computed by the first box that contains it. */
function lowerPart(
  g: Builder,
  conv: Convolution,
  { filters, boxes, name }: Part & { readonly name: string },
): Value {
  const done = new Set<number>();
  let sum: Value | null = null;
  boxes.forEach((box, i) => {
    const boxName = boxes.length === 1 ? name : `${name}.box${i}`;
    const map = convolveBox(g, conv, { name: boxName, box, filters, done: new Set(done), biased: i === 0 });
    for (const position of positionsOf(box, conv)) done.add(position);
    sum = sum ? g.named(`${name}.sum${i}`).Add(map, sum) : map;
  });
  return sum!;
}
