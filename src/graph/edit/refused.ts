import { type Graph, type Node, nodeLabel } from '../graph.ts';

/** The kinds of reasons why a pass leaves something unchanged. */
export type RefusalCode =
  /** A parameter is computed, an input, or of another type than float32. */
  | 'not-constant'
  /** A parameter or value has other readers. */
  | 'shared'
  /** It depends on an open size. */
  | 'open-size'
  /** An operator, or one of its attributes, has no rule. */
  | 'unsupported'
  /** The result would differ, for example at the border. */
  | 'inexact'
  /** Its parts do not fit together. */
  | 'mismatch'
  /** The result would be larger, or need more operations. */
  | 'too-costly'
  /** The branch that would join a shortcut does more than sampling and mixing channels. */
  | 'no-shortcut'
  /** The caller excluded it. */
  | 'excluded';

/** The reason why something is left unchanged. */
export interface Refusal {
  readonly code: RefusalCode;
  /** A clause for users, such as `its parameters are not float32 constants`. Code must not depend on it. */
  readonly reason: string;
}

/** Something that a pass left unchanged, with the reason. */
export interface Refused extends Refusal {
  /** The name of a node, possibly with its operator. */
  readonly where: string;
}

/** Refusals in the form in which records of runs and commands list them. */
export const namedReasons = (
  refused: readonly Refused[],
): { readonly name: string; readonly reason: string }[] =>
  refused.map(({ where, reason }) => ({ name: where, reason }));

/** The result of a pass: a changed copy of its graph. */
export interface Rewritten {
  readonly graph: Graph;
  /** Number of rewritten nodes; 0 if the copy equals the original. */
  readonly changed: number;
  readonly refusals: readonly Refused[];
}

/**
 * Creates a refusal, for a rewrite rule to return.
 *
 * @example
 * const rewrite: RewriteRule['rewrite'] = (node) =>
 *   node.inputs[1]?.tensor ? null : refuse('not-constant', 'its slope is computed');
 */
export const refuse = (code: RefusalCode, reason: string): Refusal => ({ code, reason });

/** Whether a result is a refusal. */
export const isRefusal = (result: unknown): result is Refusal =>
  typeof result === 'object' && result !== null && 'code' in result && 'reason' in result;

/** All results, or the first refusal if there is one. */
export function unlessRefused<T>(results: readonly (T | Refusal)[]): T[] | Refusal {
  const accepted: T[] = [];
  for (const result of results) {
    if (isRefusal(result)) return result;
    accepted.push(result);
  }
  return accepted;
}

/** Adds the name of a node to a refusal. */
export const refusedAt = (node: Node, { code, reason }: Refusal): Refused => ({
  code,
  reason,
  where: nodeLabel(node),
});
