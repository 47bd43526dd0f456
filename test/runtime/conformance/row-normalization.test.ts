import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { at, generate, indicesOf, type Reference, referenceOf } from '../../support/reference/array.ts';
import { normals } from '../../support/run-graph.ts';

const EPSILON = 0.01;

/** scale·(x − μ)/√(σ² + ε) + bias; elements of the same row share μ and σ². */
function normalized(
  x: Reference,
  {
    rowOf,
    affine,
  }: {
    readonly rowOf: (index: readonly number[]) => string;
    readonly affine: (index: readonly number[]) => readonly [scale: number, bias: number];
  },
): Reference {
  const rows = new Map<string, number[]>();
  for (const index of indicesOf(x.shape)) {
    const key = rowOf(index);
    rows.set(key, [...(rows.get(key) ?? []), at(x, index)]);
  }
  const statistics = new Map(
    [...rows].map(([key, list]) => {
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
      const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
      return [key, { mean, deviation: Math.sqrt(variance + EPSILON) }] as const;
    }),
  );
  return generate(x.shape, (index) => {
    const { mean, deviation } = statistics.get(rowOf(index))!;
    const [scale, bias] = affine(index);
    return (scale * (at(x, index) - mean)) / deviation + bias;
  });
}

type Shape = readonly number[];

function layer(shape: Shape, axis: number, withBias: boolean): ConformanceCase<'x' | 'scale' | 'bias'> {
  const kept = shape.slice(axis);
  const [x, scale, bias] = [normals(shape, 1), normals(kept, 2), normals(kept, 3)];
  return {
    title: `LayerNormalization of [${shape}] from axis ${axis}${withBias ? '' : ', no bias'}`,
    inputs: { x, scale, bias },
    build: (g, v) => ({
      y: g.LayerNormalization(v.x, v.scale, withBias ? v.bias : null, { axis, epsilon: EPSILON }),
    }),
    expected: () => ({
      y: normalized(referenceOf(x), {
        rowOf: (index) => index.slice(0, axis).join(),
        affine: (index) => {
          const own = index.slice(axis);
          return [at(referenceOf(scale), own), withBias ? at(referenceOf(bias), own) : 0];
        },
      }),
    }),
  };
}

/** InstanceNormalization is GroupNormalization with as many groups as channels. */
function grouped(shape: Shape, groups: number | null): ConformanceCase<'x' | 'scale' | 'bias'> {
  const channels = shape[1]!;
  const [x, scale, bias] = [normals(shape, 1), normals([channels], 2), normals([channels], 3)];
  const inGroup = channels / (groups ?? channels);
  return {
    title: groups ? `GroupNormalization of [${shape}] in ${groups}` : `InstanceNormalization of [${shape}]`,
    inputs: { x, scale, bias },
    opset: 21,
    build: (g, v) => ({
      y: groups
        ? g.GroupNormalization(blocked(g, v.x), v.scale, v.bias, { num_groups: groups, epsilon: EPSILON })
        : g.InstanceNormalization(blocked(g, v.x), v.scale, v.bias, { epsilon: EPSILON }),
    }),
    expected: () => ({
      y: normalized(referenceOf(x), {
        rowOf: ([image, channel]) => `${image} ${Math.floor(channel! / inGroup)}`,
        affine: ([, channel]) => [scale.data[channel!]!, bias.data[channel!]!],
      }),
    }),
  };
}

describeExecutors('normalisations of each image', (executor) => {
  checkCases(executor, [
    layer([2, 7, 24], 2, true),
    layer([2, 3, 4, 5], 2, true),
    layer([6, 17], 1, false),
    grouped([2, 16, 4, 5], null),
    grouped([2, 10, 4, 5], null),
    grouped([2, 3, 4, 5], null),
    grouped([2, 16, 9], null),
    grouped([2, 16, 4, 5], 4),
    grouped([2, 12, 4, 5], 3),
  ]);
});
