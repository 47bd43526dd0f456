import type { Graph, Value } from '../graph/graph.ts';
import { connections } from '../graph/topology.ts';
import { clampOf } from './operators.ts';
import { activationsOf, type Int8Plan, resultsOf } from './plan.ts';
import { type ActivationRange, type ActivationScale, activationScale, unionOf } from './scales.ts';

/**
 * A scale for every rounded value. Values that a node passes through have one scale; inputs that only a Concat reads have
 * that of its output, as far as this preserves the bounds of the clamps before them.
 */
export function activationScales(
  graph: Graph,
  plan: Int8Plan,
  ranges: ReadonlyMap<Value, ActivationRange>,
): Map<Value, ActivationScale> {
  const groups = new Map<Value, Group>();
  const bounds = clampBounds(plan);
  for (const value of plan.rounded) {
    groups.set(value, { members: [value], range: ranges.get(value)!, bounds: bounds.get(value) ?? FREE });
  }
  for (const [node, row] of plan.rows) {
    if (row.kind !== 'passes') continue;
    const [x] = activationsOf(node, row);
    // A passed-through value has no wider range than its source, so the source's clamps are preserved.
    for (const y of resultsOf(node, plan.clamps)) join(groups, [x!, y]);
  }
  joinConcatenated(graph, plan, groups);
  return new Map([...groups].map(([value, { range }]) => [value, activationScale(range)]));
}

/** Values with a common scale. */
interface Group {
  readonly members: readonly Value[];
  readonly range: ActivationRange;
  /** The range must be within these bounds, so that rounding replaces a clamp. */
  readonly bounds: ActivationRange;
}

const FREE: ActivationRange = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

function clampBounds({ clamps }: Int8Plan): Map<Value, ActivationRange> {
  const bounds = new Map<Value, ActivationRange>();
  for (const clamp of clamps.values()) {
    const [low, high] = clampOf(clamp)!;
    bounds.set(clamp.outputs[0]!, { low, high });
  }
  return bounds;
}

/** Joins both groups, so that they have one scale. */
function join(groups: Map<Value, Group>, [a, b]: readonly [Value, Value], range?: ActivationRange): void {
  const [first, second] = [groups.get(a)!, groups.get(b)!];
  if (first === second) return;
  const joined: Group = {
    members: [...first.members, ...second.members],
    range: range ?? unionOf(first.range, second.range),
    bounds: cut(first.bounds, second.bounds),
  };
  for (const member of joined.members) groups.set(member, joined);
}

function joinConcatenated(graph: Graph, plan: Int8Plan, groups: Map<Value, Group>): void {
  const { uses } = connections(graph);
  const clamps = clampBounds(plan);
  for (const [node, row] of plan.rows) {
    if (row.kind !== 'joins') continue;
    const [result] = resultsOf(node, plan.clamps);
    for (const value of activationsOf(node, row)) {
      if (uses.get(value)!.length > 1) continue;
      const [own, target] = [groups.get(value)!, groups.get(result!)!];
      // If no other value shares the scale, its range need not include what a following clamp cuts off.
      const reaching = own.members.length === 1 ? clamps.get(result!) : undefined;
      const { low, high } = unionOf(cut(own.range, reaching ?? FREE), target.range);
      const fits = [own, target].every(({ bounds }) => bounds.low <= low && high <= bounds.high);
      if (fits) join(groups, [value, result!], { low, high });
    }
  }
}

const cut = ({ low, high }: ActivationRange, bounds: ActivationRange): ActivationRange => ({
  low: Math.max(low, bounds.low),
  high: Math.min(high, bounds.high),
});
