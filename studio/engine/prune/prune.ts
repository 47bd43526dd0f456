import { cutNetwork, formatPercent, hasImages, recoveriesOf, recoverNetwork } from 'espalier/core';
import { openOperation } from '../control.ts';
import { imagesFolder, type SessionImages } from '../images/images.ts';
import type { Session } from '../session.ts';
import type { Control, Version } from '../types.ts';
import { comparedWith } from '../words.ts';
import { withPreprocessing } from '../writable.ts';
import { optionsOf, type PruneChoice } from './choice.ts';
import { pruningJob } from './job.ts';

/**
 * Prunes the current version as the command `prune` does without retraining: one cut, compared with the version whose removed
 * channels are masked, then recovery on the dropped images, if there are any. Throws `verification` if outputs differ.
 */
export async function prune(
  session: Session,
  choice: PruneChoice,
  { images, control }: { readonly images: SessionImages | null; readonly control: Control },
): Promise<Version> {
  const version = session.current;
  const recoveries = images ? choice.recover : [];
  const operation = openOperation(3 + recoveries.length, session.tools, control);
  const { executor } = operation;
  await operation.begin('Finding coupled channels');
  const remarks: string[] = [];
  const onWarning = (line: string) => remarks.push(line);
  const job = { ...(await pruningJob({ version, images, executor }, choice)), onWarning };
  await operation.begin('Removing channels and comparing with the masked network');
  const cut = await cutNetwork(job.original.network, job, { target: choice.target, index: 0, before: null });
  let { network } = cut;
  if (hasImages(job))
    for (const recovery of recoveriesOf(job)) {
      await operation.begin(labels[recovery]);
      network = await recoverNetwork(network, job, { recovery, cut });
    }
  await operation.begin('Counting costs');
  return session.add({
    title: titleOf(choice),
    network: withPreprocessing(version.forms.form.restore(network), images),
    step: {
      do: 'prune',
      options: optionsOf(choice, images && imagesFolder),
      error: cut.error,
      remarks: [
        comparedWith('the masked network', cut.error),
        ...(cut.met ? [] : ['the target cannot be reached: all channels that may be removed are']),
        ...remarks,
      ],
      leftAlone: cut.units.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }])),
      groups: cut.units,
    },
  });
}

const labels = {
  recalibrate: 'Recalibrating BatchNormalization on the images',
  reconstruct: 'Reconstructing weights on the images',
} as const;

/** `prune to 50 % of the MACs`. */
function titleOf({ target: { measure, fraction } }: PruneChoice): string {
  const part = formatPercent(fraction, 0);
  return measure === 'ratio' ? `prune ${part} of the channels` : `prune to ${part} of the ${nouns[measure]}`;
}

const nouns = { macs: 'MACs', parameters: 'parameters' } as const;
