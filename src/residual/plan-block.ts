import { isRefusal, type Refusal } from '../graph/edit/refused.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { connections } from '../graph/topology.ts';
import { readBranch } from './branch.ts';
import type { Fork } from './find.ts';
import { type CarryPlan, type MiddleForm, planCarry } from './plan.ts';
import { rangesOf } from './range.ts';
import { readShortcut } from './shortcut.ts';

/** Plans the conversion of a residual block; either operand of its Add may be the shortcut. */
export function planBlock(graph: Graph, { add, from, sides }: Fork, middle: MiddleForm): CarryPlan | Refusal {
  const links = connections(graph);
  const range = rangesOf(graph)(from);
  const planWith = (branch: Value, side: Value): CarryPlan | Refusal => {
    const shortcut = readShortcut(from, side, links);
    if (isRefusal(shortcut)) return shortcut;
    const stages = readBranch(from, branch, links);
    return isRefusal(stages)
      ? stages
      : planCarry({ graph, add, from, side, stages, shortcut, range, middle });
  };
  const [left, right] = sides;
  return better(planWith(left, right), planWith(right, left));
}

/** The plan with the longer branch; of two refusals, that of a branch, which is more informative than that of a shortcut. */
function better(a: CarryPlan | Refusal, b: CarryPlan | Refusal): CarryPlan | Refusal {
  if (isRefusal(a) && isRefusal(b)) return a.code === 'no-shortcut' && b.code !== 'no-shortcut' ? b : a;
  if (isRefusal(a)) return b;
  return !isRefusal(b) && b.stages.length > a.stages.length ? b : a;
}
