import { type Graph, type Node, nodeLabel } from '../graph.ts';

/** Why a pass leaves something alone, by kind. */
export type RefusalCode =
  /** A parameter is computed, fed, or of another type than float32. */
  | 'not-constant'
  /** A parameter or a value is also read elsewhere. */
  | 'shared'
  /** It depends on a size that is not fixed. */
  | 'open-size'
  /** There is no rule for an operator, or for one of its attributes. */
  | 'unsupported'
  /** The result would differ, at the border for example. */
  | 'inexact'
  /** Its parts do not fit together. */
  | 'mismatch'
  /** The result would be larger, or take more operations. */
  | 'too-costly'
  /** What joins a branch again does more than sample and mix channels. */
  | 'no-shortcut'
  /** The caller asked for it. */
  | 'excluded';

/** Why something is left alone. */
export interface Refusal {
  readonly code: RefusalCode;
  /** A clause for the user: `its parameters are not float32 constants`. Nothing reads it but people. */
  readonly reason: string;
}

/** What a pass left alone, and why. */
export interface Refused extends Refusal {
  /** The name of a node, with or without its operator. */
  readonly where: string;
}

/** What was left alone, as records of runs and commands list it. */
export const namedReasons = (
  refused: readonly Refused[],
): { readonly name: string; readonly reason: string }[] =>
  refused.map(({ where, reason }) => ({ name: where, reason }));

/** The result of a pass: an edited copy of its graph. */
export interface Rewritten {
  readonly graph: Graph;
  /** How many nodes were rewritten; 0: the copy computes node by node what the original does. */
  readonly changed: number;
  readonly refusals: readonly Refused[];
}

/**
 * A refusal, for a rewrite rule to return.
 *
 * @example
 * const rewrite: RewriteRule['rewrite'] = (node) =>
 *   node.inputs[1]?.tensor ? null : refuse('not-constant', 'its slope is computed');
 */
export const refuse = (code: RefusalCode, reason: string): Refusal => ({ code, reason });

/** Whether a result is a refusal. */
export const isRefusal = (result: unknown): result is Refusal =>
  typeof result === 'object' && result !== null && 'code' in result && 'reason' in result;

/** All results; the first refusal where there is one. */
export function unlessRefused<T>(results: readonly (T | Refusal)[]): T[] | Refusal {
  const accepted: T[] = [];
  for (const result of results) {
    if (isRefusal(result)) return result;
    accepted.push(result);
  }
  return accepted;
}

/** A refusal that names a node. */
export const refusedAt = (node: Node, { code, reason }: Refusal): Refused => ({
  code,
  reason,
  where: nodeLabel(node),
});
