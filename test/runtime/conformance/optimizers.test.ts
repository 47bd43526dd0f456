import { elementCount, floats, type Tensor, toNumbers } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { adamWStep, sgdStep, skeletonStep } from '../../support/reference/optimizers.ts';
import { normals } from '../../support/run-graph.ts';

const scalar = (value: number): Tensor => floats([], [value]);
const list = (tensor: Tensor): number[] => toNumbers(tensor);

interface Sgd {
  readonly shape: readonly number[];
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly decay?: number;
  readonly decoupled?: boolean;
}

function sgd({
  shape,
  momentum = 0.9,
  nesterov = false,
  decay = 0,
  decoupled = false,
}: Sgd): ConformanceCase<'d' | 'm' | 'rate' | 'w'> {
  const [w, d, m] = [1, 2, 3].map((seed) => normals(shape, seed)) as [Tensor, Tensor, Tensor];
  const rate = 0.07;
  const attributes = {
    momentum,
    nesterov: Number(nesterov),
    weight_decay: decay,
    decoupled: Number(decoupled),
  };
  return {
    title: `SgdUpdate of [${shape}] ${JSON.stringify(attributes)}`,
    inputs: { w, d, m, rate: scalar(rate) },
    build(g, v) {
      const [nextW, nextM] = g.SgdUpdate(v.w, v.d, v.m, v.rate, attributes);
      return { w2: nextW, m2: nextM };
    },
    expected() {
      const next = sgdStep(list(w), list(d), list(m), { momentum, nesterov, decay, decoupled, rate });
      return { w2: next.w, m2: next.m };
    },
  };
}

function adamW(shape: readonly number[], step: number): ConformanceCase {
  const [w, d, m] = [1, 2, 3].map((seed) => normals(shape, seed)) as [Tensor, Tensor, Tensor];
  const v = floats(shape, normals(shape, 4).data.map(Math.abs));
  const settings = { beta1: 0.8, beta2: 0.99, epsilon: 1e-6, decay: 0.2, rate: 0.05, step };
  return {
    title: `AdamWUpdate of [${shape}], step ${step}`,
    inputs: { w, d, m, v, rate: scalar(settings.rate), step: scalar(step) },
    tolerance: 3e-5,
    build(g, x) {
      const { beta1, beta2, epsilon, decay } = settings;
      const attributes = { beta1, beta2, epsilon, weight_decay: decay };
      const [nextW, nextM, nextV] = g.AdamWUpdate(x.w!, x.d!, x.m!, x.v!, x.rate!, x.step!, attributes);
      return { w2: nextW, m2: nextM, v2: nextV };
    },
    expected() {
      const next = adamWStep({ w: list(w), m: list(m), v: list(v) }, list(d), settings);
      return { w2: next.w, m2: next.m, v2: next.v };
    },
  };
}

function skeleton(
  shape: readonly number[],
  decay: number,
): ConformanceCase<'alpha' | 'd' | 'm' | 'mask' | 'rate' | 'threshold' | 'value'> {
  const [value, d, m] = [1, 2, 3].map((seed) => normals(shape, seed)) as [Tensor, Tensor, Tensor];
  const dead = (i: number): boolean => i % 4 === 1;
  const mask = floats(
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => Number(!dead(i))),
  );
  const settings = { rate: 0.1, alpha: 0.3, threshold: 0.4, momentum: 0.7, decay };
  return {
    title: `SkeletonUpdate of [${shape}], decay ${decay}`,
    inputs: {
      value,
      d,
      m,
      mask,
      rate: scalar(settings.rate),
      alpha: scalar(settings.alpha),
      threshold: scalar(settings.threshold),
    },
    build(g, v) {
      const attributes = { momentum: settings.momentum, weight_decay: decay };
      const inputs = [v.value, v.d, v.m, v.mask, v.rate, v.alpha, v.threshold] as const;
      const [value2, m2, mask2] = g.SkeletonUpdate(...inputs, attributes);
      return { value2, m2, mask2 };
    },
    expected() {
      const state = { value: list(value), m: list(m), mask: list(mask) };
      const next = skeletonStep(state, list(d), settings);
      return { value2: next.value, m2: next.m, mask2: next.mask };
    },
  };
}

describeExecutors('updates of parameters', (executor) => {
  const flags = [false, true];
  checkCases(executor, [
    ...flags.flatMap((nesterov) =>
      flags.map((decoupled) => sgd({ shape: [10, 3, 3, 3], nesterov, decoupled, decay: 0.3 })),
    ),
    sgd({ shape: [17] }),
    sgd({ shape: [], momentum: 0, decay: 0.1 }),
    adamW([10, 3, 3, 3], 1),
    adamW([33], 7),
    skeleton([10, 3, 3], 0),
    skeleton([1, 5, 5], 0.2),
  ]);
});
