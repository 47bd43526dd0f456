import { zip } from '../../numeric/zip.ts';
import type { Graph, Shape, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { commonDim } from './dims.ts';
import type { Inferred, ShapeRules } from './rule.ts';

/** The type information that two branches have in common. */
function common(a: Value | undefined, b: Value | undefined): Inferred {
  if (!a || !b) return { dtype: null, shape: null };
  return { dtype: a.dtype === b.dtype ? a.dtype : null, shape: commonShape(a.shape, b.shape) };
}

function commonShape(a: Shape | null, b: Shape | null): Shape | null {
  return a && b && a.length === b.length ? zip(a, b).map(([x, y]) => commonDim(x, y)) : null;
}

const outputsOf = (body: Graph | undefined): readonly Value[] => body?.outputs ?? [];

/** Control flow. */
export const controlFlowShapes = {
  If: ({ node, attributes }) => {
    const [yes, no] = [outputsOf(attributes.then_branch), outputsOf(attributes.else_branch)];
    return node.outputs.map((_, index) => common(yes[index], no[index]));
  },
} satisfies Partial<ShapeRules<OperatorName>>;
