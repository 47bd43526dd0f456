import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor } from '../runtime/executor.ts';
import { canonicalForm, runnableForm } from './canonical-form.ts';
import { type Float32Form, toFloat32 } from './element-types/to-float32.ts';
import { hasUnknownShapes, withKnownShapes } from './known-shapes.ts';

/** A network in three forms: for passes, for comparisons, and as in its file. */
export interface NetworkForms {
  /** The canonical form in float32; if there is an obstacle, the network as in the file. */
  readonly graph: Graph;
  /** The network as in the file; if onnxruntime cannot run that for inference, a copy that it can run. */
  readonly given: Graph;
  /** Converts a changed graph to the element types of the file. */
  readonly form: Float32Form;
  /** Differences between the graph and the file that users should know. */
  readonly notes: readonly string[];
  /** Why the network has no canonical form; null if it has one. */
  readonly obstacle: EspalierError | null;
}

/** Computes the forms of a network. An engine is only opened if an operator without a shape rule requires it. */
export async function networkForms(
  file: Graph,
  openExecutor: () => Promise<Executor>,
): Promise<NetworkForms> {
  try {
    const given = runnableForm(file);
    const { graph: canonical, notes } = canonicalForm(file);
    const form = toFloat32(canonical);
    if (!hasUnknownShapes(form.graph)) return { graph: form.graph, given, notes, form, obstacle: null };
    const known = await withKnownShapes(form.graph, await openExecutor());
    return { graph: known.graph, given, notes: [...notes, ...known.notes], form, obstacle: null };
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'unsupported') throw error;
    const form = toFloat32(file);
    return { graph: form.graph, given: file, notes: [], form, obstacle: error };
  }
}

/** The forms of a network, computed if necessary. Throws `unsupported` if it has no canonical form. */
export async function formsOf(network: Graph | NetworkForms, executor: Executor): Promise<NetworkForms> {
  const forms = 'given' in network ? network : await networkForms(network, async () => executor);
  if (forms.obstacle) throw forms.obstacle;
  return forms;
}
