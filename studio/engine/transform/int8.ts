import {
  calibrationOn,
  networkOnImages,
  type QuantizedLayer,
  quantizationDefaults,
  quantizeCalibrated,
} from 'espalier/core';
import { openOperation } from '../control.ts';
import { imagesFolder, type SessionImages } from '../images/images.ts';
import type { Session } from '../session.ts';
import type { Control, Version } from '../types.ts';
import { leftAloneBy } from '../words.ts';

/** What is chosen for 8-bit integers. Plain data, named like the options of `deploy --int8`. */
export interface Int8Choice {
  /** Names or globs of layers that stay in floating point. */
  readonly floatLayers: readonly string[];
}

/**
 * Quantises the current version to 8-bit integers as `deploy --int8` does. Rounding changes the outputs: their agreement with the
 * original on images is shown instead of a verification.
 */
export async function quantize(
  session: Session,
  { floatLayers }: Int8Choice,
  { images, control }: { readonly images: SessionImages; readonly control: Control },
): Promise<Version> {
  const { graph: given, form, obstacle } = session.current.forms;
  if (obstacle) throw obstacle;
  const operation = openOperation(3, session.tools, control);
  await operation.begin('Preparing images');
  const { network, data, preprocessing } = networkOnImages(given, images.source);
  const { seed, images: most } = quantizationDefaults;
  const calibration = await calibrationOn(data.train, { preprocessing, seed, images: most });
  await operation.begin('Observing ranges and rounding weights');
  const context = { calibration, executor: operation.executor };
  const quantized = await quantizeCalibrated(network, context, { floatLayers });
  await operation.begin('Counting costs');
  return session.add({
    title: '8-bit integers',
    network: form.restoreSignature(quantized.graph),
    step: {
      do: 'deploy',
      options: { int8: true, data: imagesFolder, ...(floatLayers.length > 0 && { floatLayers }) },
      error: null,
      remarks: [
        `${quantized.layers.length} layers in 8-bit integers; most noise: ${noisiest(quantized.layers)}`,
      ],
      leftAlone: leftAloneBy(quantized.leftAlone),
      groups: [],
    },
  });
}

const noisiest = (layers: readonly QuantizedLayer[]): string =>
  layers
    .toSorted((a, b) => a.sqnrDb - b.sqnrDb)
    .slice(0, 3)
    .map(({ name, sqnrDb }) => `${name} ${sqnrDb.toFixed(1)} dB`)
    .join(', ');
