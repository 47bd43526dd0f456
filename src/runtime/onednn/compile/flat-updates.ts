import { assert } from '../../../errors.ts';
import type { Graph, Node, Value } from '../../../graph/graph.ts';
import {
  type AttributesOf,
  attributesOf,
  inputsOf,
  isOperator,
  outputsOf,
} from '../../../graph/operators/index.ts';
import type { Connections } from '../../../graph/topology.ts';
import { setElements } from '../../../numeric/typed-arrays.ts';
import type { Buffer } from '../../memory-plan.ts';
import type { PostOperation } from '../library/api.ts';
import type { Operand } from './operand.ts';
import { requiredPrimitive } from './primitives.ts';
import type { LoweringScope } from './scope.ts';

type Attributes = AttributesOf<'SgdUpdate'>;

/** SgdUpdates with equal settings whose parameters and momenta are state: they are computed in one pass. */
export interface UpdateGroup {
  readonly nodes: readonly [Node, ...Node[]];
  readonly attributes: Attributes;
  readonly learningRate: Value;
}

/** Buffers that must be adjacent, in this order. */
export interface Region {
  readonly buffers: readonly Buffer[];
}

/** Groups the updates that can share a pass; the others are computed one by one. */
export function groupUpdates(
  graph: Graph,
  { uses }: Connections,
  nextOf: ReadonlyMap<Value, Value>,
): UpdateGroup[] {
  const groups = new Map<string, UpdateGroup>();
  for (const node of graph.nodes) {
    if (!isOperator(node, 'SgdUpdate')) continue;
    const { weight, momentum, learningRate } = inputsOf(node, 'SgdUpdate');
    const [, nextMomentum] = outputsOf(node, 'SgdUpdate');
    // A momentum with other readers has a layout of its own.
    const isShared = (uses.get(momentum)?.length ?? 0) > 1;
    if (!nextOf.has(weight) || nextOf.get(momentum) !== nextMomentum || isShared) continue;
    const attributes = attributesOf(node, 'SgdUpdate');
    const key = `${learningRate.name} ${JSON.stringify(attributes)}`;
    const [first, ...others] = [...(groups.get(key)?.nodes ?? []), node];
    groups.set(key, { nodes: [first, ...others], attributes, learningRate });
  }
  return [...groups.values()];
}

/**
 * Computes all parameters of a group as one vector, one pass per term: m ← decay·w + g + μ·m, then w ← w − rate·m; Nesterov's
 * form and decoupled decay as defined by SgdUpdate. Returns the regions that must be contiguous.
 */
export function appendFlatUpdate(
  scope: LoweringScope,
  { nodes, attributes, learningRate }: UpdateGroup,
): Region[] {
  const [firstNode, ...otherNodes] = nodes;
  const first = operandsOf(scope, firstNode);
  const rows = [first, ...otherNodes.map((node) => operandsOf(scope, node))];
  const floats = rows.reduce((sum, { w }) => sum + paddedFloats(w), 0);
  const flat = scope.plain([1, floats]);
  // The first buffer of each region represents the whole region.
  const whole = (operand: Operand) => ({ ...scope.seen(operand, flat), shape: [1, floats] });
  const all = { w: whole(first.w), m: whole(first.m), g: whole(first.g) };
  const terms = flatTerms(scope, { attributes, learningRate });
  for (const { target, source, factor, keep, plus } of terms(all)) {
    const after: PostOperation[] = keep === 0 ? [] : [{ kind: 'sum', scale: keep }];
    if (plus) after.push({ kind: 'binary', algorithm: 'add', operand: flat });
    const single = scope.plain([1, 1]);
    const operation = { kind: 'binary', algorithm: 'mul', left: flat, right: single, dst: flat } as const;
    const primitive = requiredPrimitive(scope.dnnl, operation, { where: 'optimiser', after });
    const extra = plus ? { [`post${after.length - 1}`]: plus } : {};
    scope.run(primitive, { src: source, src1: scope.seen(factor, single), dst: target, ...extra });
  }
  for (const { w, m, next } of rows) {
    scope.settle(next.weight, w);
    scope.settle(next.momentum, m);
  }
  return (['w', 'm', 'g'] as const).map((part) => ({ buffers: rows.map((row) => row[part].buffer) }));
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
      compute: ([from], [to]) => setElements(to, () => factor * Number(from[0])),
    });
    return result;
  };
  return ({ w, m, g }: { w: Operand; m: Operand; g: Operand }): Term[] => {
    const coupled = decoupled ? 0 : decay;
    const slope: Term[] =
      coupled === 0
        ? [{ target: m, source: g, factor: one, keep: momentum }]
        : [{ target: m, source: w, factor: scope.constant(1, coupled), keep: momentum, plus: g }];
    // Nesterov's step uses the gradient a second time. Its decay is applied separately here, so that the gradient is
    // unchanged for other readers.
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

/** The parameter in its layout, with momentum and gradient in the same layout. */
function operandsOf(scope: LoweringScope, node: Node) {
  const { weight, gradient, momentum } = inputsOf(node, 'SgdUpdate');
  const [nextWeight, nextMomentum] = outputsOf(node, 'SgdUpdate');
  const w = scope.read(weight);
  assert(w.descriptor, `${weight.name} is of float32`);
  return {
    w,
    m: scope.read(momentum, w.descriptor),
    g: scope.pinned(gradient, w.descriptor),
    next: { weight: nextWeight, momentum: nextMomentum },
  };
}

const ALIGNED_FLOATS = 16;
const paddedFloats = ({ buffer }: Operand): number =>
  Math.ceil(buffer.bytes / 4 / ALIGNED_FLOATS) * ALIGNED_FLOATS;
