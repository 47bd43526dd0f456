import type { DataSet } from '../data/image-source.ts';
import { expectPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import { describeOthers, withOthersFed } from './beside-image.ts';
import { usableLabels } from './outputs/usable-labels.ts';

export interface ImageOptions {
  readonly data: DataSet;
  /** Default: the one stored with the network; none for a data set of inputs. */
  readonly preprocessing?: Preprocessing | undefined;
  /** The output with class scores. Default: found by its shape and the classes of the data. */
  readonly logits?: string | undefined;
  /** Told of inputs beside the image, and of labels that are not used. */
  onNote?(line: string): void;
}

/**
 * A network that runs on the images of a data set: its other inputs are fed and its class scores are known. The images lose
 * their classes where the labels are of no use. Throws `usage` where the preprocessing is neither given nor stored.
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
