import { cloneGraph } from '../graph/clone.ts';
import { openEdits } from '../graph/edit/edits.ts';
import { isRefusal } from '../graph/edit/refused.ts';
import { type Graph, nodeName } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { convertResiduals } from '../residual/convert-residuals.ts';
import { forkAt, nodesBetween } from '../residual/find.ts';
import type { CarryPlan } from '../residual/plan.ts';
import { planBlock } from '../residual/plan-block.ts';
import { insertPointwise } from '../residual/pointwise.ts';
import type { Shortcut } from '../residual/shortcut-rules.ts';

/**
 * Exact ways to add some channels of a block's input to its result: `identity` adds the input itself, where all of its channels are
 * added; `selection` selects them by one 1×1 convolution; `dirac` carries them through the block's own convolutions.
 */
export type ShortcutForm = 'identity' | 'selection' | 'dirac';

/** A shortcut of 1×1 convolutions that only select channels. */
export interface SelectingShortcut {
  /** The name of the block's Add. */
  readonly add: string;
  readonly forms: readonly ShortcutForm[];
}

/** The shortcuts of a network that only select channels. */
export const selectingShortcuts = (graph: Graph): SelectingShortcut[] =>
  graph.nodes.flatMap((node) => {
    const plan = isOperator(node, 'Add') ? selectingPlan(graph, nodeName(node)) : null;
    if (!plan) return [];
    const forms: ShortcutForm[] = isWhole(plan.shortcut) ? ['identity'] : ['selection'];
    return [{ add: nodeName(node), forms: [...forms, 'dirac'] }];
  });

/** A copy of a network with shortcuts in the forms that are chosen, by the names of their Adds. */
export function withShortcutForms(network: Graph, chosen: ReadonlyMap<string, ShortcutForm>): Graph {
  const graph = cloneGraph(network);
  inferShapes(graph);
  for (const [add, form] of chosen) {
    const plan = form === 'dirac' ? null : selectingPlan(graph, add);
    if (plan) replaceShortcut(plan, form);
  }
  const { graph: converted } = convertResiduals(graph, { only: (add) => chosen.get(add) === 'dirac' });
  return converted;
}

function selectingPlan(graph: Graph, add: string): CarryPlan | null {
  const fork = forkAt(
    graph,
    graph.nodes.findIndex((node) => nodeName(node) === add),
  );
  const plan = fork && planBlock(graph, fork, 'widen');
  if (!plan || isRefusal(plan)) return null;
  const own = nodesBetween(plan.from, plan.side, connections(graph));
  const isConvolution = own.length > 0 && own.every((node) => isOperator(node, 'Conv'));
  return isConvolution && selects(plan.shortcut) ? plan : null;
}

/** Whether each output is one input or none. */
function selects({ matrix, bias, inputs, outputs }: Shortcut): boolean {
  const isSelected = (row: number) => {
    const factors = matrix.subarray(row * inputs, (row + 1) * inputs).filter((factor) => factor !== 0);
    return factors.length <= 1 && factors.every((factor) => factor === 1);
  };
  return (
    bias.every((shift) => shift === 0) && Array.from({ length: outputs }, (_, row) => row).every(isSelected)
  );
}

const isWhole = ({ matrix, inputs, outputs, strides }: Shortcut): boolean =>
  inputs === outputs &&
  strides.every((stride) => stride === 1) &&
  Array.from({ length: inputs }, (_, c) => c).every((c) => matrix[c * inputs + c] === 1);

function replaceShortcut({ graph, add, from, side, shortcut }: CarryPlan, form: ShortcutForm): void {
  const edits = openEdits(graph);
  const { matrix, inputs, outputs, strides } = shortcut;
  const name = `${nodeName(add)}.selection`;
  const weight = floats([outputs, inputs, 1, 1], matrix);
  const selected = () => insertPointwise(from, edits, { before: add, name, weight, strides });
  edits.setInput(add, add.inputs.indexOf(side), form === 'identity' ? from : selected());
  edits.apply();
  removeDeadNodes(graph);
  inferShapes(graph);
}
