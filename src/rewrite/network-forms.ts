import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor } from '../runtime/executor.ts';
import { canonicalForm, runnableForm } from './canonical-form.ts';
import { type Float32Form, toFloat32 } from './element-types/to-float32.ts';
import { hasUnknownShapes, withKnownShapes } from './known-shapes.ts';

/** One network in the forms that passes work on, that results are compared with, and that files have. */
export interface NetworkForms {
  /** The canonical form, in float32 throughout; what the file has where there is an obstacle. */
  readonly graph: Graph;
  /** As the file has it; where onnxruntime cannot run that for inference, a copy that it can run. */
  readonly given: Graph;
  /** Gives what became of the graph the element types of the file. */
  readonly form: Float32Form;
  /** How the graph differs from the file, as far as the user should know. */
  readonly notes: readonly string[];
  /** Why the network has no canonical form; null where it has. */
  readonly obstacle: EspalierError | null;
}

/** The forms of a network as its file has it. An engine is opened only where an operator without a shape rule needs it. */
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

/** The forms of a network, computed unless they are known already. Throws `unsupported` where it has no canonical form. */
export async function formsOf(network: Graph | NetworkForms, executor: Executor): Promise<NetworkForms> {
  const forms = 'given' in network ? network : await networkForms(network, async () => executor);
  if (forms.obstacle) throw forms.obstacle;
  return forms;
}
