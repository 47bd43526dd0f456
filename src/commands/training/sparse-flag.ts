import * as v from 'valibot';
import type { Graph } from '../../graph/graph.ts';
import type { Controller } from '../../training/options.ts';
import type { Penalty, PenaltyName } from '../../training/sparse.ts';
import { listOf, optional } from '../flags.ts';

const names = ['bn-scale', 'group-lasso'] as const satisfies readonly PenaltyName[];
const pattern = new RegExp(`^(${names.join('|')}):(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d+)?$`, 'i');
const expected = `expected ${names.map((name) => `${name}:λ`).join(' or ')}, such as bn-scale:1e-4`;

/** `--sparse bn-scale:1e-4,group-lasso:1e-5`: a list of penalties with coefficients. */
export const sparseFlag = optional(
  '--sparse <list>',
  'sparsity penalties that prepare channels for pruning: bn-scale:λ (λ·Σ|γ|), group-lasso:λ (λ·Σ‖filter‖)',
  listOf(v.pipe(v.string(), v.regex(pattern, expected))),
);

/** The controllers of sparse training; empty without penalties. */
export async function sparseTraining(
  network: Graph,
  terms: readonly string[] = [],
): Promise<{ controller?: Controller }> {
  if (terms.length === 0) return {};
  const penalties = terms.map((term): Penalty => {
    const [name, strength] = term.split(':') as [PenaltyName, string];
    return { name, strength: Number(strength) };
  });
  const { sparseController } = await import('../../training/sparse.ts');
  return { controller: sparseController(network, penalties) };
}
