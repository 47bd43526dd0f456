import { nodeLabel, type Value } from '../../graph/graph.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { along, type Channels } from './channels.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRules, dimensionsOf, fromStart, liesAlong, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** Codes and numbers have the same channels; per-channel scales are sliced. */
function encoded(
  call: CouplingCall<'QuantizeLinear' | 'DequantizeLinear'>,
  scope: CouplingScope,
): readonly (Channels | null)[] {
  const { node, inputs, channels, attributes } = call;
  const [x] = channels;
  if (!x) return [null];
  if (attributes.block_size)
    return stay(call, scope, `it is quantised with block scales in ${nodeLabel(node)}`);
  const axis = fromStart(attributes.axis, rankOf(inputs.x));
  const parameters = [inputs.scale, inputs.zeroPoint].filter((value) => value && count(value) !== 1);
  if (parameters.length > 0 && x.axes.includes(axis) && !liesAlong(x, axis)) return stay(call, scope);
  if (!liesAlong(x, axis)) return [x];
  for (const value of parameters) {
    if (value) scope.slice({ value, channels: along(0, x.labels), role: 'per channel', node });
  }
  return [x];
}

const count = (value: Value): number =>
  elementCount(dimensionsOf(value).map((size) => (typeof size === 'number' ? size : Number.NaN)));

/** Conversions between numbers and 8-bit codes. */
export const quantizationCouplings = {
  QuantizeLinear: encoded,
  DequantizeLinear: encoded,
} satisfies Partial<CouplingRules>;
