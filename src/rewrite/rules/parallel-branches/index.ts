import { isRefusal, type Refusal, type Rewritten, refuse } from '../../../graph/edit/refused.ts';
import { type Graph, type Node, onlyOutput, type Value } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import { setConvolution } from '../constant-convolution.ts';
import { tooCostly } from '../growth.ts';
import type { GrowthOptions } from '../linear-pairs/index.ts';
import type { RewriteContext } from '../rewrite-context.ts';
import { type RewriteOutcome, type RewriteRule, rewriteNodes, soleProducer } from '../rewrite-nodes.ts';
import { align } from './alignment.ts';
import { type Branch, branchOf } from './branch.ts';
import { groupOf, type MergedBranches, macsOf, merged } from './merge.ts';

/**
 * Merges terms of a sum into one convolution: convolutions of the same value, the value itself, its BatchNormalization and
 * its average pools. Kernels are padded to the largest; the identity is a Dirac kernel. Each RepVGG block becomes one 3×3
 * convolution (Ding et al., RepVGG, CVPR 2021, arXiv:2101.03697). Other terms are kept.
 */
export const mergeParallelBranches = (graph: Graph, { growth = 1 }: GrowthOptions = {}): Rewritten =>
  rewriteNodes(graph, [mergeBranches(growth)]);

const mergeBranches = (growth: number): RewriteRule => ({
  name: 'parallel branches',
  ops: ['Add', 'Sum'],
  rewrite(node, context) {
    if (isTerm(node, context)) return null;
    const terms = termsOf(node, context);
    const refusals: Refusal[] = [];
    for (const x of convolved(terms, context)) {
      const found = mergeable({ x, terms }, growth, context);
      if (isRefusal(found)) refusals.push(found);
      else if (found) return replace(node, terms, { ...found, context });
    }
    return refusals[0] ?? null;
  },
});

const isSum = (node: Node | null | undefined): node is Node =>
  isOperator(node, 'Add') || isOperator(node, 'Sum');

/** Whether a sum is only read by another sum, and therefore part of it. */
function isTerm(node: Node, { uses }: RewriteContext): boolean {
  const [use, ...others] = uses.get(onlyOutput(node)) ?? [];
  return others.length === 0 && isSum(use?.node);
}

/** The terms of a tree of sums. Grouping does not matter for addition with broadcasting. */
function termsOf(node: Node, context: RewriteContext): Value[] {
  return node.inputs.flatMap((value) => {
    const inner = soleProducer(value, context);
    if (isSum(inner)) return termsOf(inner, context);
    return value ? [value] : [];
  });
}

/** The values of which a term is a convolution. */
function convolved(terms: readonly Value[], context: RewriteContext): Set<Value> {
  const inputs = terms.flatMap((term) => {
    const node = soleProducer(term, context);
    return isOperator(node, 'Conv') && node.inputs[0] ? [node.inputs[0]] : [];
  });
  return new Set(inputs);
}

interface Sum {
  readonly x: Value;
  readonly terms: readonly Value[];
}

interface Merge {
  readonly x: Value;
  /** Indices of the terms that are removed. */
  readonly gone: ReadonlySet<number>;
  readonly made: MergedBranches;
}

/**
 * The first set of branches of x that can be merged; null if there are no two branches, a refusal if they cannot be merged.
 */
function mergeable({ x, terms }: Sum, growth: number, context: RewriteContext): Merge | Refusal | null {
  const found = terms.map((term) => branchOf(term, x, context));
  const branches = found.flatMap((branch, index) =>
    branch && !isRefusal(branch) ? [{ branch, index }] : [],
  );
  const refusal = found.find((branch) => isRefusal(branch));
  let unlike: Refusal | null = null;
  for (const { branch: lead } of branches.filter(({ branch }) => branch.group !== null)) {
    const alike = branches.filter(({ branch }) => isAlike(branch, lead));
    if (alike.length < 2) {
      if (branches.length > 1)
        unlike = refuse('mismatch', 'its branches differ in strides, groups or channels');
      continue;
    }
    const made = mergeAll(
      alike.map(({ branch }) => branch),
      channelsOf(x) / groupOf([lead]),
      growth,
    );
    if (!isRefusal(made)) return { x, gone: new Set(alike.map(({ index }) => index)), made };
    unlike = made;
  }
  const candidates = found.filter((branch) => branch !== null).length;
  return candidates > 1 ? (unlike ?? refusal ?? null) : null;
}

const channelsOf = ({ shape }: Value): number => Number(shape?.[1]);

function isAlike(branch: Branch, lead: Branch): boolean {
  const steps = branch.window.strides.every((stride, axis) => stride === lead.window.strides[axis]);
  return steps && branch.channels === lead.channels && (branch.group === null || branch.group === lead.group);
}

function mergeAll(branches: readonly Branch[], perGroup: number, growth: number) {
  const alignment = align(branches);
  if (isRefusal(alignment)) return alignment;
  const rows = (branches[0]?.channels ?? 0) * perGroup;
  return tooCostly(macsOf(branches, alignment, rows), growth) ?? merged(branches, alignment, perGroup);
}

/** Replaces a sum by the sum of the merged convolution and the other terms. */
function replace(
  node: Node,
  terms: readonly Value[],
  { x, gone, made, context }: Merge & { readonly context: RewriteContext },
): RewriteOutcome {
  const output = onlyOutput(node);
  const rest = terms.filter((_, index) => !gone.has(index));
  const conv = made.node;
  setConvolution(conv, { ...made, x }, context);
  context.moveBefore(node, conv);
  if (rest.length === 0) {
    context.remove(node);
    context.setOutput(conv, 0, output);
  } else {
    const value = context.value(`${output.name}.branches`, output.dtype);
    context.setOutput(conv, 0, value);
    context.become(node, { op: rest.length === 1 ? 'Add' : 'Sum', inputs: [value, ...rest] });
  }
  return true;
}
