import { assert } from '../errors.ts';
import { type Graph, onlyOutput, type Value } from '../graph/graph.ts';
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
  for (const [value, range] of ranges)
    groups.set(value, { members: [value], range, bounds: bounds.get(value) ?? FREE });
  for (const [node, row] of plan.rows) {
    if (row.kind !== 'passes') continue;
    // A passed-through value has no wider range than its source, so the source's clamps are preserved.
    for (const x of activationsOf(node, row))
      for (const y of resultsOf(node, plan.clamps)) join(groups, [x, y]);
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
    const range = clampOf(clamp);
    if (range) bounds.set(onlyOutput(clamp), range);
  }
  return bounds;
}

function groupOf(groups: ReadonlyMap<Value, Group>, value: Value): Group {
  const group = groups.get(value);
  assert(group, `${value.name} has no range`);
  return group;
}

/** Joins both groups, so that they have one scale. */
function join(groups: Map<Value, Group>, [a, b]: readonly [Value, Value], range?: ActivationRange): void {
  const [first, second] = [groupOf(groups, a), groupOf(groups, b)];
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
    const [result] = resultsOf(node, plan.clamps);
    if (row.kind !== 'joins' || !result) continue;
    for (const value of activationsOf(node, row)) {
      if (uses.get(value)?.length !== 1) continue;
      const [own, target] = [groupOf(groups, value), groupOf(groups, result)];
      // If no other value shares the scale, its range need not include what a following clamp cuts off.
      const reaching = own.members.length === 1 ? clamps.get(result) : undefined;
      const { low, high } = unionOf(cut(own.range, reaching ?? FREE), target.range);
      const fits = [own, target].every(({ bounds }) => bounds.low <= low && high <= bounds.high);
      if (fits) join(groups, [value, result], { low, high });
    }
  }
}

const cut = ({ low, high }: ActivationRange, bounds: ActivationRange): ActivationRange => ({
  low: Math.max(low, bounds.low),
  high: Math.min(high, bounds.high),
});
