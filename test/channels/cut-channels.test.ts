import { expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { cutChannels } from '../../src/channels/cut-channels.ts';
import { parseGraph } from '../../src/graph/text/index.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { serializeModel } from '../../src/onnx/index.ts';

/** Slices, splits, shapes and a depthwise convolution: each needs an edit besides slicing. */
const edited = `<opset = 18>
  edited(float32[1, 3, 6, 6] x) => (float32[1, 2] y) {
    float32[8, 3, 1, 1] wa = fill(0.5)
    float32[8, 1, 3, 3] wd = fill(0.25)
    float32[4, 4, 1, 1] wb = fill(0.125)
    float32[144, 2] wc = fill(0.1)
    int64[2] halves = {4, 4}
    int64[1] from = {0}
    int64[1] to = {4}
    int64[1] axis = {1}
    int64[2] flat = {1, 144}
    a = Conv(x, wa)
    d = Conv<group = 8, pads = [1, 1, 1, 1]>(a, wd)
    left, right = Split<axis = 1>(d, halves)
    part = Slice(a, from, to, axis)
    sum = Add(left, part)
    b = Conv(right, wb)
    all = Add(sum, b)
    rows = Reshape(all, flat)
    y = MatMul(rows, wc)
  }`;

it('cuts copies of a graph by one coupling', () => {
  const graph = parseGraph(edited);
  const coupling = channelGroups(graph);
  const before = serializeModel(graph);
  const free = coupling.groups.flatMap(({ sets, reasons }) => sets.filter((root) => !reasons.has(root)));
  const cut = (count: number) => cutChannels({ graph, coupling }, new Set(free.slice(0, count))).graph;
  const [first, wider, again] = [cut(2), cut(1), cut(2)];
  expect(serializeModel(again)).toEqual(serializeModel(first));
  const macs = [graph, wider, first].map((each) =>
    layerCosts(each).reduce((sum, layer) => sum + layer.macs, 0),
  );
  expect(macs).toEqual(macs.toSorted((a, b) => b - a));
  expect(new Set(macs).size).toBe(3);
  expect(serializeModel(graph)).toEqual(before);
});
