import { int64s } from '../../../numeric/tensor.ts';
import { listBecomesInput, setOptionalInput, takeAttribute, type Upgrade, type Upgrades } from './upgrade.ts';

const axes = (since: number): readonly Upgrade[] => [{ since, change: listBecomesInput('axes', 1) }];

/** starts, ends and axes become inputs. */
const slice: Upgrade['change'] = (node, { constant }) => {
  ['starts', 'ends', 'axes'].forEach((name, i) => {
    const list = takeAttribute(node, name, 'ints');
    if (list) setOptionalInput(node, i + 1, constant(int64s(list), name));
  });
};

/** Without sizes, the number of equal parts is required. */
const split: Upgrade['change'] = (node) => {
  if (!node.inputs[1]) node.attributes.num_outputs = { kind: 'int', value: node.outputs.length };
};

const topK: Upgrade['change'] = (node, { constant }) => {
  const count = takeAttribute(node, 'k', 'int');
  if (count !== undefined) setOptionalInput(node, 1, constant(int64s([count]), 'k'));
};

/** Lists of axes and sizes that became inputs. */
export const lists: Upgrades = {
  Squeeze: axes(13),
  Unsqueeze: axes(13),
  ReduceSum: axes(13),
  ReduceMean: axes(18),
  ReduceMax: axes(18),
  ReduceMin: axes(18),
  ReduceProd: axes(18),
  ReduceL1: axes(18),
  ReduceL2: axes(18),
  ReduceSumSquare: axes(18),
  ReduceLogSum: axes(18),
  ReduceLogSumExp: axes(18),
  Slice: [{ since: 10, change: slice }],
  TopK: [{ since: 10, change: topK }],
  Split: [
    { since: 13, change: listBecomesInput('split', 1) },
    { since: 18, change: split },
  ],
};
