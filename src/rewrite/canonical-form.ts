import type { Graph } from '../graph/graph.ts';
import { upgradeOpset } from './rules/upgrade-opset.ts';

/** A network in the one form that every pipeline works on. */
export interface CanonicalForm {
  readonly graph: Graph;
  /** What the user should know of the difference to the file, a line each. */
  readonly notes: readonly string[];
}

/**
 * A copy in the one form that every pipeline works on: opset 18 or later, no initializer among the inputs. It computes
 * what the given network computes in inference; a canonical network is only copied. Throws `unsupported` where opset 18
 * has no words for a node.
 */
export function canonicalForm(network: Graph): CanonicalForm {
  const graph = upgradeOpset(network);
  fixDefaults(graph);
  return { graph, notes: [] };
}

/** Until IR version 4 every initializer was listed as an input, too: a default that nobody feeds is a constant. */
function fixDefaults(graph: Graph): void {
  const stored = new Set(graph.initializers);
  const fed = graph.inputs.filter((value) => !stored.has(value));
  if (fed.length > 0) graph.inputs = fed;
}
