import type { Builder } from '../../graph/builder.ts';
import { type Graph, requiredInput, staticShape, type Value } from '../../graph/graph.ts';
import { normalizationBefore } from '../../measure/classifier.ts';
import { classScores, type ScoresSought } from '../../measure/outputs/class-scores.ts';
import { elementCount } from '../../numeric/tensor.ts';

/** The logits of a network: its class scores ({@link classScores}), or the input of the Softmax that computes them. */
export function logitsOf(network: Graph, sought: ScoresSought = {}): Value {
  const scores = classScores(network, sought);
  const normalization = normalizationBefore(network, scores);
  return normalization ? requiredInput(normalization, 0) : scores;
}

/** Logits as [N, classes], from [N, classes], [N, classes, 1, 1] or [classes]. */
export function asRows(g: Builder, logits: Value): Value {
  const shape = staticShape(logits);
  if (shape.length === 2) return logits;
  const batch = shape.length === 1 ? 1 : shape[0]!;
  return g.Reshape(logits, g.int64s([batch, elementCount(shape) / batch]));
}
