import type { DataSet, ImageSource } from '../../data/image-source.ts';
import type { Graph } from '../../graph/graph.ts';
import { findClassScores, withClassScores } from './class-scores.ts';

/** A network and images, with labels only if the network can be evaluated by them. */
export interface LabelledNetwork {
  /** Stores the name of its class scores if it has other outputs. */
  readonly network: Graph;
  /** Without classes if the labels cannot be used. */
  readonly data: DataSet;
  /** Why the labels are ignored; null if they are used, or if there are none. */
  readonly ignored: string | null;
}

/**
 * Chooses the class scores of a network for a data set. If the network has none, or if several outputs may be meant, returns
 * the data without classes, for methods that work without labels.
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
