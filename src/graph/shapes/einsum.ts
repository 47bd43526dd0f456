import { type Dim, requiredInput, type Shape } from '../graph.ts';
import { broadcast, equalDims, misfit } from './dims.ts';
import type { Call } from './rule.ts';

/** The result's shape of an equation such as `bij,bjk->bik` or `...ij->...ji`; null while a rank is unknown. */
export function einsumShape(call: Call, equation: string | undefined): Shape | null {
  const { node } = call;
  const [left = '', right] = (equation ?? '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== call.inputs.length) {
    throw misfit(node, `expected ${terms.length} inputs for ${equation}, got ${call.inputs.length}`);
  }
  const labels = new Map<string, Dim>();
  let batch: Shape | null = [];
  for (const [index, term] of terms.entries()) {
    const { shape } = requiredInput(node, index);
    if (!shape) return null;
    const rest = bindLabels(call, { term, shape, labels });
    batch = broadcast(node, [batch, rest]);
  }
  const wanted = right ?? implicitResult(left);
  return (wanted.match(/\.\.\.|[A-Za-z]/g) ?? []).flatMap((label) => {
    if (label === '...') return batch ?? [];
    if (!labels.has(label)) throw misfit(node, `expected labels of the inputs, got ${label}`);
    return [labels.get(label)!];
  });
}

interface Term {
  readonly term: string;
  readonly shape: Shape;
  readonly labels: Map<string, Dim>;
}

/** Notes each label's dimension; returns what the ellipsis stands for. */
function bindLabels({ node }: Call, { term, shape, labels }: Term): Shape {
  const [before = '', after] = term.split('...');
  const front = [...before];
  const back = [...(after ?? '')];
  const extra = shape.length - front.length - back.length;
  if (extra < 0 || (after === undefined && extra > 0)) {
    throw misfit(node, `expected ${front.length + back.length} dimensions for ${term}, got ${shape.length}`);
  }
  const bind = (label: string, dim: Dim) => {
    labels.set(label, equalDims(node, `as dimension ${label}`, labels.get(label) ?? null, dim));
  };
  front.forEach((label, i) => bind(label, shape[i]!));
  back.forEach((label, i) => bind(label, shape[front.length + extra + i]!));
  return shape.slice(front.length, front.length + extra);
}

/** Without an arrow: the ellipsis, then the labels that occur once, in alphabetical order. */
function implicitResult(left: string): string {
  const all = left.replaceAll(/[^A-Za-z]/g, '');
  const once = [...all].filter((label) => all.split(label).length === 2).sort();
  return (left.includes('...') ? '...' : '') + once.join('');
}
