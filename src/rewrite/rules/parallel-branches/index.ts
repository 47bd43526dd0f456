import { type Graph, makeValue, type Node, onlyOutput, type Value } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import type { Rewritten } from '../../pass.ts';
import { setConvolution } from '../constant-convolution.ts';
import type { FoldContext } from '../fold-context.ts';
import { tooCostly } from '../growth.ts';
import type { GrowthOptions } from '../linear-pairs/index.ts';
import { type Outcome, rewriteNodes, soleProducer } from '../rewrite-nodes.ts';
import { align } from './alignment.ts';
import { type Branch, branchOf } from './branch.ts';
import { groupOf, type MergedBranches, macsOf, merged } from './merge.ts';

/**
 * Merges the terms of a sum that are convolutions of one value, that value itself, its BatchNormalization or an average
 * pool of it, into one convolution: kernels are padded to the largest, an identity is a Dirac kernel. RepVGG's blocks
 * become one 3×3 each (Ding et al., RepVGG, CVPR 2021, arXiv:2101.03697). Other terms stay.
 */
export function mergeParallelBranches(graph: Graph, { growth = 1 }: GrowthOptions = {}): Rewritten {
  return rewriteNodes(graph, (node, context) => {
    if (!isSum(node) || isTerm(node, context)) return null;
    const terms = termsOf(node, context);
    const reasons: string[] = [];
    for (const x of convolved(terms, context)) {
      const found = mergeable({ x, terms }, growth, context);
      if (typeof found === 'string') reasons.push(found);
      else if (found) return replace(node, terms, { ...found, context });
    }
    return reasons[0] ?? null;
  });
}

const isSum = (node: Node | null | undefined): node is Node =>
  isOperator(node, 'Add') || isOperator(node, 'Sum');

/** A sum that only another sum reads is part of that one. */
function isTerm(node: Node, { uses }: FoldContext): boolean {
  const [use, ...others] = uses.get(onlyOutput(node)) ?? [];
  return others.length === 0 && isSum(use?.node);
}

/** The terms of a tree of sums; broadcasting is as indifferent to their grouping as addition. */
function termsOf(node: Node, context: FoldContext): Value[] {
  return node.inputs.flatMap((value) => {
    const inner = soleProducer(value, context);
    if (isSum(inner)) return termsOf(inner, context);
    return value ? [value] : [];
  });
}

/** The values of which a term is a convolution. */
function convolved(terms: readonly Value[], context: FoldContext): Set<Value> {
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
  /** Indices of the terms that go. */
  readonly gone: ReadonlySet<number>;
  readonly made: MergedBranches;
}

/** The first set of alike branches of x; null where there are no two, a reason where there are but do not merge. */
function mergeable({ x, terms }: Sum, growth: number, context: FoldContext): Merge | string | null {
  const found = terms.map((term) => branchOf(term, x, context));
  const branches = found.flatMap((branch, index) =>
    branch && typeof branch === 'object' ? [{ branch, index }] : [],
  );
  const reason = found.find((branch) => typeof branch === 'string');
  let unlike: string | null = null;
  for (const { branch: lead } of branches.filter(({ branch }) => branch.group !== null)) {
    const alike = branches.filter(({ branch }) => isAlike(branch, lead));
    if (alike.length < 2) {
      if (branches.length > 1) unlike = 'its branches differ in strides, groups or channels';
      continue;
    }
    const made = mergeAll(
      alike.map(({ branch }) => branch),
      channelsOf(x) / groupOf([lead]),
      growth,
    );
    if (typeof made !== 'string') return { x, gone: new Set(alike.map(({ index }) => index)), made };
    unlike = made;
  }
  const candidates = found.filter((branch) => branch !== null).length;
  return candidates > 1 ? (unlike ?? reason ?? null) : null;
}

const channelsOf = ({ shape }: Value): number => Number(shape?.[1]);

function isAlike(branch: Branch, lead: Branch): boolean {
  const steps = branch.window.strides.every((stride, axis) => stride === lead.window.strides[axis]);
  return steps && branch.channels === lead.channels && (branch.group === null || branch.group === lead.group);
}

function mergeAll(branches: readonly Branch[], perGroup: number, growth: number) {
  const alignment = align(branches);
  if (typeof alignment === 'string') return alignment;
  const rows = branches[0]!.channels * perGroup;
  return tooCostly(macsOf(branches, alignment, rows), growth) ?? merged(branches, alignment, perGroup);
}

/** Puts the merged convolution, and the sum of it and what stays, in the place of a sum. */
function replace(
  node: Node,
  terms: readonly Value[],
  { x, gone, made, context }: Merge & { readonly context: FoldContext },
): Outcome {
  const { graph, unique } = context;
  const output = onlyOutput(node);
  const rest = terms.filter((_, index) => !gone.has(index));
  const value = rest.length === 0 ? output : makeValue(unique(`${output.name}.branches`), output.dtype);
  const conv = made.node;
  setConvolution(conv, { ...made, input: x }, context);
  conv.outputs = [value];
  Object.assign(node, { op: rest.length === 1 ? 'Add' : 'Sum', inputs: [value, ...rest] });
  graph.nodes = graph.nodes.flatMap((other) => {
    if (other === conv) return [];
    return other === node ? [conv, ...(rest.length === 0 ? [] : [node])] : [other];
  });
  return true;
}
