import { type FoldingName, foldAndVerify } from 'espalier/core';
import { openOperation } from '../control.ts';
import type { Session } from '../session.ts';
import type { Control, Version } from '../types.ts';
import { comparedWith, leftAloneBy } from '../words.ts';

/** Rewrites that are applied; all if there are none. Plain data, named like the options of the command `fold`. */
export interface FoldChoice {
  readonly only: readonly FoldingName[];
}

/** Folds the current version as the command `fold` does, and compares the result with it. */
export async function fold(session: Session, { only }: FoldChoice, control: Control): Promise<Version> {
  const { forms, size } = session.current;
  const operation = openOperation(2, session.tools, control);
  await operation.begin('Folding, and comparing with the version before');
  const folded = await foldAndVerify(forms, {
    ...{ executor: operation.executor, size },
    ...(only.length > 0 && { only }),
  });
  await operation.begin('Counting costs');
  const { graph, changed, counts, refusals, error } = folded;
  const done = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
  return session.add({
    title: changed === 0 ? 'fold: nothing to fold' : 'fold',
    network: graph,
    step: {
      do: 'fold',
      options: only.length > 0 ? { only } : {},
      error,
      remarks: [comparedWith('the version before', error), ...done],
      leftAlone: leftAloneBy(refusals),
      groups: [],
    },
  });
}
