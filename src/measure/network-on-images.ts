import type { DataSet } from '../data/image-source.ts';
import { expectPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { describeOthers, withOthersFed } from './beside-image.ts';
import { usableLabels } from './outputs/usable-labels.ts';

/** Images to run a network on. */
export interface ImageOptions {
  readonly data: DataSet;
  /** Default: the preprocessing stored with the network; none for a data set of raw inputs. */
  readonly preprocessing?: Preprocessing | undefined;
  /** The name of the output with class scores. Default: found by its shape and the number of classes. */
  readonly logits?: string | undefined;
  /** Called with a line about inputs other than the image, or about labels that are ignored. */
  onNote?(line: string): void;
}

/**
 * Prepares a network to run on the images of a data set: feeds its other inputs and finds its class scores. Classes are
 * removed from the data if the labels cannot be used. Throws `usage` if preprocessing is neither given nor stored.
 */
export function networkOnImages(
  given: Graph,
  { data: images, preprocessing: wanted, logits, onNote }: ImageOptions,
): { readonly network: Graph; readonly data: DataSet; readonly preprocessing: Preprocessing } {
  const preprocessing = expectPreprocessing(given, images.train, wanted);
  const fed = withOthersFed(given, { size: preprocessing });
  for (const line of describeOthers(given, fed)) onNote?.(line);
  const { network, data, ignored } = usableLabels(fed, images, logits);
  if (ignored !== null) onNote?.(`labels are ignored: ${ignored}`);
  return { network, data, preprocessing };
}
