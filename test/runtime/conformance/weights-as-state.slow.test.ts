import { expect, it } from 'vitest';
import { floats, type Tensor } from '../../../src/numeric/tensor.ts';
import { describeExecutors, expectNear } from '../../support/executors.ts';
import { referenceOf } from '../../support/reference/array.ts';
import { convolution, weightGradient } from '../../support/reference/convolution.ts';
import { sgdStep } from '../../support/reference/optimizers.ts';
import { normals } from '../../support/run-graph.ts';
import { started } from '../../support/stateful.ts';

const list = (tensor: Tensor | undefined): number[] => Array.from(tensor!.data as Float32Array);

describeExecutors('weights of convolutions as state', (executor) => {
  it.each([
    ['17 → 24 channels', [24, 17, 3, 3], 1],
    ['3 → 16 channels', [16, 3, 3, 3], 1],
    ['16 → 16 channels', [16, 16, 3, 3], 1],
    ['two groups', [32, 16, 3, 3], 2],
    ['depthwise', [24, 1, 3, 3], 24],
    ['one axis', [10, 16, 3], 1],
  ] as const)('weights are read as they were written: %s', async (_, shape, group) => {
    const spatial = shape.slice(2).map(() => 5);
    const x = normals([2, shape[1] * group, ...spatial], 1);
    const w = normals(shape, 2);
    const rate = floats([], [0]);
    const ones = [...spatial, ...spatial].map(() => 1);
    const window = {
      strides: spatial.map(() => 1),
      pads: ones,
      dilations: spatial.map(() => 1),
      group,
    };
    const program = await started(executor, {
      state: { w, m: floats(shape, new Float32Array(w.data.length)) },
      feeds: { x, rate },
      build(g, v) {
        const y = g.Conv(v.x, v.w, window);
        const d = g.ConvGradWeight(v.x, y, { ...window, size: shape });
        const [nextW, nextM] = g.SgdUpdate(v.w, d, v.m, v.rate);
        return { y, 'w′': nextW, 'm′': nextM };
      },
    });
    expect(list(program.readState().w)).toEqual([...w.data]);
    const { y } = await program.run({ x, rate });
    expectNear(y!, convolution(referenceOf(x), referenceOf(w), window).data);
    expect(list(program.readState().w)).toEqual([...w.data]);
    const other = normals(shape, 3);
    program.writeState({ w: other });
    expect(list(program.readState().w)).toEqual([...other.data]);
    const again = await program.run({ x, rate });
    expectNear(again.y!, convolution(referenceOf(x), referenceOf(other), window).data);
    const slope = weightGradient(
      referenceOf(x),
      convolution(referenceOf(x), referenceOf(w), window),
      window,
      shape,
    );
    const slope2 = weightGradient(
      referenceOf(x),
      convolution(referenceOf(x), referenceOf(other), window),
      window,
      shape,
    );
    const momentum = slope.data.map((d, i) => 0.9 * d + slope2.data[i]!);
    expectNear(program.readState().m!, momentum, { what: 'momentum' });
    await program.close();
  });

  it('trains a convolution as a loop does, through any number of runs', async () => {
    const window = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
    const w = normals([10, 3, 3, 3], 1);
    const zero = floats(w.shape, new Float32Array(w.data.length));
    const x = normals([2, 3, 7, 7], 2);
    const dy = normals([2, 10, 4, 4], 3, 0.1);
    const rate = floats([], [0.1]);
    const program = await started(executor, {
      state: { w, m: zero },
      feeds: { x, dy, rate },
      build(g, v) {
        const y = g.Conv(v.x, v.w, window);
        // L = Σ y²/2·dy: the gradient depends on the weights.
        const d = g.ConvGradWeight(v.x, g.Mul(y, v.dy), { ...window, size: w.shape });
        const [nextW, nextM] = g.SgdUpdate(v.w, d, v.m, v.rate, { momentum: 0.5, weight_decay: 0.01 });
        return { y, 'w′': nextW, 'm′': nextM };
      },
    });
    let expected = { w: [...w.data], m: [...zero.data] };
    for (let step = 0; step < 5; step++) {
      const y = convolution(referenceOf(x), { shape: w.shape, data: Float64Array.from(expected.w) }, window);
      const slope = { ...y, data: y.data.map((v, i) => v * dy.data[i]!) };
      const d = weightGradient(referenceOf(x), slope, window, w.shape);
      const settings = { momentum: 0.5, nesterov: false, decay: 0.01, decoupled: false, rate: 0.1 };
      expected = sgdStep(expected.w, [...d.data], expected.m, settings);
      const results = await program.run({ x, dy, rate });
      expectNear(results.y!, y.data, { what: `y of step ${step}` });
      expectNear(program.readState().w!, expected.w, { what: `w after step ${step}` });
      expectNear(program.readState().m!, expected.m, { what: `m after step ${step}` });
    }
    await program.close();
  });
});
