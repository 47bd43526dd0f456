import type { OperatorName } from '../../graph/operators/index.ts';
import { int64s, toNumbers } from '../../numeric/tensor.ts';
import { passOn, stay } from './elementwise.ts';
import { type CouplingRule, type CouplingRules, fromStart, liesAlong, rankOf } from './rule.ts';

/** Operators that process each channel of axis 1 separately. */
const channelwise: CouplingRule<OperatorName> = (call, scope) => {
  const [x] = call.channels;
  return x && !liesAlong(x, 1) ? stay(call, scope) : passOn(call, scope);
};

/** Resize: scales and sizes also have an entry for the channel axis. */
const resampling: CouplingRule<'Resize' | 'Upsample'> = (call, scope) => {
  const { node, inputs, channels } = call;
  const [x] = channels;
  if (!x) return [null];
  const { scales } = inputs;
  const sizes = 'sizes' in inputs ? inputs.sizes : null;
  if (!liesAlong(x, 1)) return stay(call, scope);
  const axes = 'axes' in call.attributes ? call.attributes.axes : undefined;
  if (axes) return axes.some((axis) => fromStart(axis, rankOf(inputs.x)) === 1) ? stay(call, scope) : [x];
  const unscaled = !scales?.tensor || scales.tensor.data.length === 0 || Number(scales.tensor.data[1]) === 1;
  const known = [scales, sizes].every((value) => !value || value.tensor || value.shape?.[0] === 0);
  if (!known || !unscaled) return stay(call, scope);
  if (sizes?.tensor) {
    const given = toNumbers(sizes.tensor);
    scope.edit(node, (edited, kept, replaceInput) =>
      replaceInput(edited, 3, int64s(given.with(1, kept.count(x.labels)))),
    );
  }
  return [x];
};

/** Pools, and operators that change the size. */
export const poolingCouplings = {
  MaxPool: channelwise,
  AveragePool: channelwise,
  LpPool: channelwise,
  GlobalAveragePool: channelwise,
  GlobalMaxPool: channelwise,
  GlobalLpPool: channelwise,
  GridSample: channelwise,
  Resize: resampling,
  Upsample: resampling,
  /** C = C′·b²: the b² channels that become one channel are joined. */
  DepthToSpace(call, scope) {
    const [x] = call.channels;
    if (!x) return [null];
    if (!liesAlong(x, 1)) return stay(call, scope);
    const blocks = call.attributes.blocksize! ** 2;
    const made = x.labels.length / blocks;
    const at = (channel: number, block: number) =>
      x.labels[call.attributes.mode === 'CRD' ? channel * blocks + block : block * made + channel]!;
    const labels = Int32Array.from({ length: made }, (_, channel) => at(channel, 0));
    for (let block = 1; block < blocks; block++)
      scope.join(
        labels,
        labels.map((_, channel) => at(channel, block)),
      );
    return [{ axes: [1], sizes: [made], labels }];
  },
  /** Channel c occurs b² times in the result. */
  SpaceToDepth(call, scope) {
    const [x] = call.channels;
    if (!x) return [null];
    if (!liesAlong(x, 1)) return stay(call, scope);
    const count = x.labels.length;
    const length = count * call.attributes.blocksize! ** 2;
    return [
      { axes: [1], sizes: [length], labels: Int32Array.from({ length }, (_, i) => x.labels[i % count]!) },
    ];
  },
} satisfies Partial<CouplingRules>;
