import type { PreprocessingOptions } from 'espalier/core';
import type { ImageAgreement } from '../../engine/images/agreement.ts';
import type { ImagesSummary } from '../../engine/images/images.ts';
import type { DroppedFile } from '../../worker/api.ts';
import { runJob } from '../jobs.ts';
import { perNetwork } from '../per-network.ts';

/** The images that are in use, with their files in the same order. */
export interface UsedImages extends ImagesSummary {
  readonly files: readonly DroppedFile[];
}

/** null without images. */
export const images = perNetwork<UsedImages | null>(null);

/** How images become inputs, where the network does not store it. */
export const preprocessingOptions = perNetwork<PreprocessingOptions>({});

/** The agreement of versions with the dropped file, by their ids. */
export const agreements = perNetwork<ReadonlyMap<number, ImageAgreement>>(new Map());

/** Whether a dropped file is a picture. */
export const isPicture = ({ file }: DroppedFile): boolean => file.type.startsWith('image/');

/** Uses the pictures among dropped files as images. */
export async function useImages(dropped: readonly DroppedFile[]): Promise<void> {
  const files = dropped.filter(isPicture);
  const found = await runJob('Decoding images', (api, job, report) =>
    api.useImages(files, preprocessingOptions.value, job, report),
  );
  if (!found) return;
  images.value = { ...found, files: files.slice(0, found.names.length) };
  agreements.value = new Map();
}

/** Compares a version with the dropped file on the images. */
export async function compare(version: number): Promise<void> {
  const found = await runJob('Comparing', (api, job, report) => api.agreement(version, job, report));
  if (found) agreements.value = new Map([...agreements.value, [version, found]]);
}
