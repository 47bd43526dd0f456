import { zip } from '../../numeric/zip.ts';
import { type Dim, type Node, requiredInput, type Shape } from '../graph.ts';
import { broadcastTwo, equalDims, misfit } from './dims.ts';
import type { Call } from './rule.ts';

/** The result shape of an equation such as `bij,bjk->bik` or `...ij->...ji`; null if a rank is unknown. */
export function einsumShape({ node }: Call, equation: string | undefined): Shape | null {
  const sizes = einsumSizes(node, equation);
  if (!sizes) return null;
  const [left = '', right] = sidesOf(equation);
  const wanted = right ?? implicitResult(left);
  return (wanted.match(/\.\.\.|[A-Za-z]/g) ?? []).flatMap((label) => {
    if (label === '...') return sizes.batch;
    const dim = sizes.labels.get(label);
    if (dim === undefined) throw misfit(node, `expected labels of the inputs, got ${label}`);
    return [dim];
  });
}

/** The sizes of an equation's labels and of its ellipsis. */
export interface EinsumSizes {
  readonly labels: ReadonlyMap<string, Dim>;
  readonly batch: Shape;
}

/** The sizes of all labels; null if a rank is unknown. */
export function einsumSizes(node: Node, equation: string | undefined): EinsumSizes | null {
  const [left = ''] = sidesOf(equation);
  const terms = left.split(',');
  if (terms.length !== node.inputs.length) {
    throw misfit(node, `expected ${terms.length} inputs for ${equation}, got ${node.inputs.length}`);
  }
  const labels = new Map<string, Dim>();
  let batch: Shape = [];
  for (const [index, term] of terms.entries()) {
    const { shape } = requiredInput(node, index);
    if (!shape) return null;
    const rest = bindLabels(node, { term, shape, labels });
    batch = broadcastTwo(node, batch, rest);
  }
  return { labels, batch };
}

const sidesOf = (equation = ''): string[] => equation.replaceAll(' ', '').split('->');

interface Term {
  readonly term: string;
  readonly shape: Shape;
  readonly labels: Map<string, Dim>;
}

/** Binds each label to its dimension; returns the dimensions of the ellipsis. */
function bindLabels(node: Node, { term, shape, labels }: Term): Shape {
  const [before = '', after] = term.split('...');
  const front = [...before];
  const back = [...(after ?? '')];
  const extra = shape.length - front.length - back.length;
  if (extra < 0 || (after === undefined && extra > 0)) {
    throw misfit(node, `expected ${front.length + back.length} dimensions for ${term}, got ${shape.length}`);
  }
  const end = front.length + extra;
  const named = zip([...front, ...back], [...shape.slice(0, front.length), ...shape.slice(end)]);
  for (const [label, dim] of named) {
    labels.set(label, equalDims(node, `as dimension ${label}`, labels.get(label) ?? null, dim));
  }
  return shape.slice(front.length, front.length + extra);
}

/** The result of an equation without arrow: the ellipsis, then the labels that occur once, in alphabetical order. */
function implicitResult(left: string): string {
  const all = left.replaceAll(/[^A-Za-z]/g, '');
  const once = [...all].filter((label) => all.split(label).length === 2).sort();
  return (left.includes('...') ? '...' : '') + once.join('');
}
