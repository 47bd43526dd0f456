import { nodeLabel } from '../../graph/graph.ts';
import { along } from './channels.ts';
import { contracted, type Factor } from './contraction.ts';
import { stay } from './elementwise.ts';
import { type CouplingCall, type CouplingRules, rankOf } from './rule.ts';

/** Products of matrices and tensors. */
export const matrixCouplings = {
  /** y = a·b + c. */
  Gemm(call, scope) {
    const { node, inputs, channels, attributes } = call;
    const { c } = inputs;
    const factors = factorsOf(call, [attributes.transA ? 'km' : 'mk', attributes.transB ? 'nk' : 'kn']);
    if (!factors) return stay(call, scope);
    const made = contracted({ node, factors, result: 'mn' }, scope);
    if (!c) return [made];
    const axis = made ? made.axes[0]! - 2 + rankOf(c) : -1;
    const isWide = made && axis >= 0 && c.shape?.[axis] !== 1;
    if (isWide && c.tensor)
      scope.slice({ value: c, channels: along(axis, made.labels), role: 'per channel', node });
    else if (isWide)
      scope.pin(made, `it is combined with ${c.name}, which is not constant, in ${nodeLabel(node)}`);
    scope.pin(channels[2] ?? null, `it is added in ${nodeLabel(node)}`);
    return [made];
  },
  /** […, m, k]·[…, k, n]; a vector has no m, or no n. */
  MatMul(call, scope) {
    const { node, inputs } = call;
    const [a, b] = [rankOf(inputs.a), rankOf(inputs.b)];
    const batch = (count: number) => BATCH_LETTERS.slice(BATCH_LETTERS.length - Math.max(0, count - 2));
    const rows = a === 1 ? '' : 'm';
    const columns = b === 1 ? '' : 'n';
    const factors = factorsOf(call, [`${batch(a)}${rows}k`, `${batch(b)}k${columns}`]);
    if (!factors || a === 0 || b === 0) return stay(call, scope);
    return [contracted({ node, factors, result: `${batch(Math.max(a, b))}${rows}${columns}` }, scope)];
  },
  /** Two factors in which each letter occurs once. */
  Einsum(call, scope) {
    const { node, attributes } = call;
    const [left = '', result] = attributes.equation!.replaceAll(' ', '').split('->');
    const letters = left.split(',');
    const isPlain = [...letters, result ?? ''].every(
      (each) => /^[A-Za-z]*$/.test(each) && new Set(each).size === each.length,
    );
    const factors = isPlain && letters.length === 2 ? factorsOf(call, letters as [string, string]) : null;
    if (!factors || result === undefined) return stay(call, scope);
    return [contracted({ node, factors, result }, scope)];
  },
} satisfies Pick<CouplingRules, 'Gemm' | 'MatMul' | 'Einsum'>;

const BATCH_LETTERS = 'abcdefghij';

/** The two factors with their letters; null if a rank does not match. */
function factorsOf(
  { node, channels }: CouplingCall<'Gemm' | 'MatMul' | 'Einsum'>,
  letters: readonly [string, string],
): readonly [Factor, Factor] | null {
  const factors = letters.map((own, index): Factor | null => {
    const value = node.inputs[index];
    return value && rankOf(value) === own.length
      ? { value, index, letters: own, channels: channels[index] ?? null }
      : null;
  });
  return factors[0] && factors[1] ? [factors[0], factors[1]] : null;
}
