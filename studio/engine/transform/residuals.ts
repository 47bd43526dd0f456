import {
  convertResiduals,
  findResiduals,
  foldBatchNormalization,
  foldConstants,
  type MiddleForm,
  type NetworkCost,
  networkCost,
  plainForm,
  type Residual,
} from 'espalier/core';
import { openOperation } from '../control.ts';
import type { Session } from '../session.ts';
import type { Control, Version } from '../types.ts';
import { comparedWith, leftAloneBy } from '../words.ts';

/** A residual connection and what removing it costs. Plain data. */
export interface ResidualBlock extends Residual {
  /** MACs and parameters that the network has more without the connection; null if it cannot be removed. */
  readonly added: NetworkCost | null;
  /** Why it cannot be removed; null if it can. */
  readonly reason: string | null;
}

/** The residual connections of the current version, each with what its removal alone adds, for a form of the blocks' middle. */
export async function residualBlocks(
  { current: { forms, size }, tools }: Session,
  middle: MiddleForm,
  control: Control,
): Promise<ResidualBlock[]> {
  if (forms.obstacle) throw forms.obstacle;
  const residuals = findResiduals(forms.graph);
  const operation = openOperation(residuals.length + 1, tools, control);
  await operation.begin('Folding BatchNormalization');
  const { graph } = foldBatchNormalization(await foldConstants(forms.graph, operation.executor));
  const before = networkCost(graph, { size });
  const blocks: ResidualBlock[] = [];
  for (const residual of residuals) {
    await operation.begin(`Counting costs of removing ${residual.add}`);
    const {
      graph: plain,
      converted,
      refusals,
    } = convertResiduals(graph, { only: (add) => add === residual.add, middle });
    const after = converted.length > 0 ? networkCost(plain, { size }) : null;
    blocks.push({
      ...residual,
      added: after && { macs: after.macs - before.macs, parameters: after.parameters - before.parameters },
      reason: after ? null : (refusals[0]?.reason ?? 'it is no block of convolutions'),
    });
  }
  return blocks;
}

/** What is chosen for removing residual connections. Plain data, named like the options of the command `rmnet`. */
export interface ResidualChoice {
  /** The name of the Add at the end of a block; null for all blocks. */
  readonly only: string | null;
  readonly middle: MiddleForm;
}

/** Removes residual connections of the current version as the command `rmnet` does, and compares the result with it. */
export async function removeResiduals(
  session: Session,
  { only, middle }: ResidualChoice,
  control: Control,
): Promise<Version> {
  const { forms, size } = session.current;
  const operation = openOperation(2, session.tools, control);
  await operation.begin('Removing residual connections, and comparing with the version before');
  const { executor } = operation;
  const plain = await plainForm(forms, { executor, size, middle, only: only ?? undefined });
  await operation.begin('Counting costs');
  const { graph, converted, refusals, error } = plain;
  return session.add({
    title: only === null ? 'remove residual connections' : `remove residual connection ${only}`,
    network: graph,
    step: {
      do: 'rmnet',
      options: { ...(only !== null && { only }), middle },
      error,
      remarks: [
        comparedWith('the version before', error),
        ...converted.map(({ add, carried }) => `${add}: ${carried} channels are copied through its block`),
      ],
      leftAlone: leftAloneBy(refusals),
      groups: [],
    },
  });
}
