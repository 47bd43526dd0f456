import type { DataSet, ImageSource } from '../../data/image-source.ts';
import type { Graph } from '../../graph/graph.ts';
import { findClassScores, withClassScores } from './class-scores.ts';

/** A network and images whose labels it can be judged by. */
export interface LabelledNetwork {
  /** Stores the name of its class scores where it has other outputs too. */
  readonly network: Graph;
  /** Without classes where the labels are of no use. */
  readonly data: DataSet;
  /** Why labels are ignored; null where they are not, or where there are none. */
  readonly ignored: string | null;
}

/**
 * The network with its class scores named, and its images: without their classes where the network gives no class scores, or
 * several outputs may be them. For methods that can work without labels.
 */
export function usableLabels(network: Graph, data: DataSet, logits?: string): LabelledNetwork {
  const classes = data.train.classes.length;
  if (classes === 0) {
    const named = logits === undefined ? network : withClassScores(network, { logits });
    return { network: named, data, ignored: null };
  }
  const found = findClassScores(network, { logits, classes });
  if (!found.value) return { network, data: unlabelled(data), ignored: found.reason };
  return { network: withClassScores(network, { logits: found.value.name }), data, ignored: null };
}

const unlabelled = ({ name, train, test }: DataSet): DataSet => {
  const without = (source: ImageSource): ImageSource => ({ ...source, classes: [] });
  return { name, train: without(train), test: without(test) };
};
