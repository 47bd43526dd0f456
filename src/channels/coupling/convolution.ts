import { nodeLabel } from '../../graph/graph.ts';
import { along, type Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRules, liesAlong } from './rule.ts';
import type { CouplingScope } from './scope.ts';

type Convolution = CouplingCall<'Conv'> | CouplingCall<'ConvTranspose'>;

/** Convolutions read the channels of x and create new ones; depthwise convolutions pass them on. */
export const convolutionCouplings = {
  /** w: [M, C/group, …kernel]. */
  Conv(call, scope) {
    const sizes = call.inputs.weight.tensor?.shape;
    if (!sizes) return stay(call, scope, `it feeds ${nodeLabel(call.node)}, whose weight is not constant`);
    const { group } = call.attributes;
    const [filters = 0, perGroup] = sizes;
    const isDepthwise = group > 1 && perGroup === 1 && filters % group === 0;
    if (isDepthwise) return depthwise(call, scope, { filterAxis: 0, multiple: filters / group });
    return mixing(call, scope, { filterAxis: 0, inputAxis: 1, filters });
  },
  /** w: [C, M/group, …kernel]. */
  ConvTranspose(call, scope) {
    const sizes = call.inputs.weight.tensor?.shape;
    if (!sizes) return stay(call, scope, `it feeds ${nodeLabel(call.node)}, whose weight is not constant`);
    const { group } = call.attributes;
    const [channels, perGroup = 0] = sizes;
    if (group > 1 && perGroup === 1 && channels === group)
      return depthwise(call, scope, { filterAxis: 0, multiple: 1 });
    return mixing(call, scope, { filterAxis: 1, inputAxis: 0, filters: perGroup * group });
  },
} satisfies Pick<CouplingRules, 'Conv' | 'ConvTranspose'>;

/** One or a few filters per channel: the channels continue, each with its filters. */
function depthwise(
  call: Convolution,
  scope: CouplingScope,
  { filterAxis, multiple }: { filterAxis: number; multiple: number },
): (Channels | null)[] {
  const { node, inputs, channels } = call;
  const [x] = channels;
  if (!x) return [null];
  if (!liesAlong(x, 1)) return stay(call, scope);
  const labels = Int32Array.from(
    { length: x.labels.length * multiple },
    (_, m) => x.labels[Math.floor(m / multiple)]!,
  );
  for (const [value, axis] of [
    [inputs.weight, filterAxis],
    [inputs.bias, 0],
  ] as const) {
    if (value) scope.slice({ value, channels: along(axis, labels), role: 'per channel', node });
  }
  scope.edit(node, (edited, kept) => {
    edited.attributes.group = { kind: 'int', value: kept.count(x.labels) };
  });
  return [along(1, labels)];
}

interface Mixing {
  readonly filterAxis: number;
  readonly inputAxis: number;
  readonly filters: number;
}

/** Every filter reads every channel of its group. All groups lose the same channels, so that they keep equal sizes. */
function mixing(
  call: Convolution,
  scope: CouplingScope,
  { filterAxis, inputAxis, filters }: Mixing,
): (Channels | null)[] {
  const { node, inputs, channels, attributes } = call;
  const { group } = attributes;
  const [x] = channels;
  const { weight, bias } = inputs;
  if (x && !liesAlong(x, 1)) stay(call, scope);
  else if (x) {
    const read = inputAxis === 0 ? x.labels : x.labels.subarray(0, x.labels.length / group);
    scope.read({ node, index: 0, channels: x });
    tie(x.labels, group, scope);
    scope.slice({ value: weight, channels: along(inputAxis, read), role: 'inputs', node });
  }
  const made = scope.fresh(node, filters);
  tie(made, group, scope);
  const rows = filterAxis === 1 ? made.subarray(0, filters / group) : made;
  scope.slice({ value: weight, channels: along(filterAxis, rows), role: 'filters', node });
  if (bias) scope.slice({ value: bias, channels: along(0, made), role: 'per channel', node });
  return [along(1, made)];
}

/** Joins the n-th channels of all groups. */
function tie(labels: Int32Array, group: number, scope: CouplingScope): void {
  const width = labels.length / group;
  for (let g = 1; g < group; g++)
    scope.join(labels.subarray(0, width), labels.subarray(g * width, (g + 1) * width));
}
