import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { toNumbers } from '../../numeric/tensor.ts';
import { reshape, zeros } from '../append.ts';
import { dims, refusal } from '../call.ts';
import type { GradientRows } from '../rule.ts';

/** One slice of an axis among zeros. */
function placed(
  g: Builder,
  slice: Value,
  {
    shape,
    axis,
    first,
  }: { readonly shape: readonly number[]; readonly axis: number; readonly first: number },
): Value {
  const size = shape[axis]!;
  const before = first < 0 ? first + size : first;
  const pads = [before, size - 1 - before].flatMap((pad) => shape.map((_, i) => (i === axis ? pad : 0)));
  return g.Pad(slice, g.int64s(pads));
}

/** Gathering and scattering. Elements that are read twice get the sum of both gradients. */
export const indexingGradients = {
  /** y = x[…, indices, …]: with the indices flattened to one axis, dy is added by index. */
  Gather: ({ inputs: { x, indices }, attributes }, [dy], g) => {
    const shape = dims(x);
    const axis = attributes.axis < 0 ? attributes.axis + shape.length : attributes.axis;
    const count = dims(indices).reduce((a, b) => a * b, 1);
    const taken = shape.map((size, i) => (i === axis ? count : size));
    const [first, ...others] = indices.tensor ? toNumbers(indices.tensor) : [];
    if (first !== undefined && others.length === 0)
      return [placed(g, reshape(g, dy, taken), { shape, axis, first }), null];
    const column = shape.map((_, i) => (i === axis ? count : 1));
    const where = g.Expand(reshape(g, indices, column), g.int64s(taken));
    const added = { axis, reduction: 'add' };
    return [g.ScatterElements(zeros(g, shape, x), where, reshape(g, dy, taken), added), null];
  },
  GatherElements: ({ inputs: { x, indices }, attributes: { axis } }, [dy], g) => [
    g.ScatterElements(zeros(g, dims(x), x), indices, dy, { axis, reduction: 'add' }),
    null,
  ],
  GatherND: ({ node, inputs: { x, indices }, attributes }, [dy], g) => {
    if (attributes.batch_dims !== 0) throw refusal(node, 'has a gradient only with batch_dims 0');
    return [g.ScatterND(zeros(g, dims(x), x), indices, dy, { reduction: 'add' }), null];
  },
  ScatterElements: ({ node, inputs: { indices, updates }, attributes: { axis, reduction } }, [dy], g) => {
    if (reduction !== 'none' && reduction !== 'add')
      throw refusal(node, `has no gradient with reduction ${reduction}`);
    const kept =
      reduction === 'add' ? dy : g.ScatterElements(dy, indices, zeros(g, dims(updates), dy), { axis });
    return [kept, null, g.GatherElements(dy, indices, { axis })];
  },
  ScatterND: ({ node, inputs: { indices, updates }, attributes: { reduction } }, [dy], g) => {
    if (reduction !== 'none' && reduction !== 'add')
      throw refusal(node, `has no gradient with reduction ${reduction}`);
    const kept = reduction === 'add' ? dy : g.ScatterND(dy, indices, zeros(g, dims(updates), dy));
    return [kept, null, g.GatherND(dy, indices)];
  },
  OneHot: 'unsupported',
  NonZero: 'none',
  EyeLike: 'none',
  Trilu: ({ inputs: { k }, attributes }, [dy], g) => [g.Trilu(dy, k, attributes), null],
} satisfies Partial<GradientRows<OperatorName>>;
