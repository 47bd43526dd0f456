import type { Graph, Node, Value } from '../../../graph/graph.ts';
import { type AttributesOf, attributesOf, knownOperator } from '../../../graph/operators/index.ts';
import type { Connections } from '../../../graph/topology.ts';
import type { PostOperation } from '../library/api.ts';
import type { Buffer } from './memory-plan.ts';
import type { Operand } from './operand.ts';
import { required } from './primitives.ts';
import type { LoweringScope } from './scope.ts';

type Attributes = AttributesOf<'SgdUpdate'>;

/** SgdUpdates with the same settings, whose parameters and momenta are state: one pass over all of them. */
export interface UpdateGroup {
  readonly nodes: readonly Node[];
  readonly attributes: Attributes;
  readonly learningRate: Value;
}

/** Buffers that must lie side by side, in this order. */
export interface Region {
  readonly buffers: readonly Buffer[];
}

/** Groups the updates that can share a pass; the rest are computed one by one. */
export function groupUpdates(
  graph: Graph,
  { uses }: Connections,
  nextOf: ReadonlyMap<Value, Value>,
): UpdateGroup[] {
  const groups = new Map<string, { nodes: Node[]; attributes: Attributes; learningRate: Value }>();
  for (const node of graph.nodes) {
    if (knownOperator(node) !== 'SgdUpdate') continue;
    const [w, , m, learningRate] = node.inputs as [Value, Value, Value, Value];
    const [, nextM] = node.outputs as [Value, Value];
    // A momentum that others read has its own layout.
    if (!nextOf.has(w) || nextOf.get(m) !== nextM || uses.get(m)!.length > 1) continue;
    const attributes = attributesOf(node, 'SgdUpdate');
    const key = `${learningRate.name} ${JSON.stringify(attributes)}`;
    const group = groups.get(key) ?? { nodes: [], attributes, learningRate };
    group.nodes.push(node);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * One pass a term over all parameters of a group, laid end to end: m ← decay·w + g + μ·m, then w ← w − rate·m; Nesterov's
 * form and decoupled decay as SgdUpdate defines them. Returns the regions that must be contiguous.
 */
export function appendFlatUpdate(
  scope: LoweringScope,
  { nodes, attributes, learningRate }: UpdateGroup,
): Region[] {
  const rows = nodes.map((node) => operandsOf(scope, node));
  const regions = (['w', 'm', 'gradient'] as const).map((part) => ({
    buffers: rows.map((row) => row[part].buffer),
  }));
  const floats = rows.reduce((sum, { w }) => sum + paddedFloats(w), 0);
  const flat = scope.plain([1, floats]);
  const [w, m, g] = (['w', 'm', 'gradient'] as const).map((part) => ({
    ...scope.seen(rows[0]![part], flat),
    shape: [1, floats],
  })) as unknown as [Operand, Operand, Operand];
  const terms = flatTerms(scope, { attributes, learningRate });
  for (const { target, source, factor, keep, plus } of terms({ w, m, g })) {
    const after: PostOperation[] = keep === 0 ? [] : [{ kind: 'sum', scale: keep }];
    if (plus) after.push({ kind: 'binary', algorithm: 'add', operand: flat });
    const single = scope.plain([1, 1]);
    const operation = { kind: 'binary', algorithm: 'mul', left: flat, right: single, dst: flat } as const;
    const primitive = required(scope.dnnl, operation, { where: 'optimiser', after });
    const extra = plus ? { [`post${after.length - 1}`]: plus } : {};
    scope.run(primitive, { src: source, src1: scope.seen(factor, single), dst: target, ...extra });
  }
  nodes.forEach((node, i) => {
    const [nextW, nextM] = node.outputs as [Value, Value];
    scope.settle(nextW, rows[i]!.w);
    scope.settle(nextM, rows[i]!.m);
  });
  return regions;
}

/** target ← keep·target + factor·source + plus. */
interface Term {
  readonly target: Operand;
  readonly source: Operand;
  readonly factor: Operand;
  readonly keep: number;
  readonly plus?: Operand;
}

function flatTerms(
  scope: LoweringScope,
  { attributes, learningRate }: Pick<UpdateGroup, 'attributes' | 'learningRate'>,
) {
  const { momentum, nesterov, weight_decay: decay, decoupled } = attributes;
  const rate = scope.readPlain(learningRate);
  const one = scope.constant(1, 1);
  const times = (label: string, factor: number): Operand => {
    const result = scope.scratch(label, scope.plain([1]));
    scope.host({
      label,
      reads: [rate],
      writes: [result],
      compute: ([from], [to]) => to!.fill((factor * Number(from![0])) as never),
    });
    return result;
  };
  return ({ w, m, g }: { w: Operand; m: Operand; g: Operand }): Term[] => {
    const coupled = decoupled ? 0 : decay;
    const slope: Term[] =
      coupled === 0
        ? [{ target: m, source: g, factor: one, keep: momentum }]
        : [{ target: m, source: w, factor: scope.constant(1, coupled), keep: momentum, plus: g }];
    // Nesterov's step takes the slope once more: its decay here, apart, so that the gradient stays as others read it.
    const shrink: Term[] =
      decay && (decoupled || nesterov)
        ? [{ target: w, source: w, factor: times('−rate·decay', -decay), keep: 1 }]
        : [];
    const step: Term[] = nesterov
      ? [
          { target: w, source: g, factor: times('−rate', -1), keep: 1 },
          { target: w, source: m, factor: times('−rate·momentum', -momentum), keep: 1 },
        ]
      : [{ target: w, source: m, factor: times('−rate', -1), keep: 1 }];
    return [...slope, ...shrink, ...step];
  };
}

/** The parameter in its layout, its momentum and gradient in the same. */
function operandsOf(scope: LoweringScope, node: Node) {
  const [w, gradient, m] = node.inputs as [Value, Value, Value];
  const parameter = scope.read(w);
  const layout = parameter.descriptor!;
  return { w: parameter, m: scope.read(m, layout), gradient: scope.pinned(gradient, layout) };
}

const ALIGNED_FLOATS = 16;
const paddedFloats = ({ buffer }: Operand): number =>
  Math.ceil(buffer.bytes / 4 / ALIGNED_FLOATS) * ALIGNED_FLOATS;
