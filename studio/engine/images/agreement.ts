import {
  type Agreement,
  compareOutputs,
  differencesByImage,
  type ImageDifference,
  imagesOf,
} from 'espalier/core';
import { openOperation } from '../control.ts';
import type { Session } from '../session.ts';
import type { Control } from '../types.ts';
import type { SessionImages } from './images.ts';

/** How far a version agrees with the dropped file on images, without labels. Plain data. */
export interface ImageAgreement extends Agreement {
  /** The images with the largest errors, the largest first. */
  readonly worst: readonly WorstImage[];
}

/** An image on which the outputs differ. */
export interface WorstImage extends Omit<ImageDifference, 'image'> {
  /** Index among the dropped images. */
  readonly index: number;
  readonly name: string;
}

/** Number of images that are shown side by side. */
const SHOWN = 12;

/** Compares the outputs of a version with those of the dropped file on images. */
export async function agreementOf(
  session: Session,
  id: number,
  { images, control }: { readonly images: SessionImages; readonly control: Control },
): Promise<ImageAgreement> {
  const before = session.version(0).forms.graph;
  const after = session.version(id).forms.graph;
  const operation = openOperation(2, session.tools, control);
  const { executor } = operation;
  await operation.begin('Comparing outputs on the images');
  const calibration = await images.inBatches(imagesOf(before) ?? 1);
  const agreement = await compareOutputs(before, after, { calibration, executor });
  await operation.begin('Finding the images that differ most');
  const differences = await differencesByImage(before, after, { calibration, executor });
  const worst = differences.toSorted((a, b) => b.error - a.error).slice(0, SHOWN);
  return {
    ...agreement,
    worst: worst.map(({ image, ...rest }) => ({ ...rest, index: image, name: images.names[image]! })),
  };
}
