import { EspalierError } from '../../../errors.ts';
import type { Graph } from '../../../graph/graph.ts';
import { formsOf } from '../../../rewrite/index.ts';
import type { Executor } from '../../../runtime/executor.ts';
import { prepareNetwork } from '../../prepare.ts';
import { compareWithTeacher, type TeacherComparison } from './compare.ts';
import { distilledPairs } from './pairs.ts';
import { boundNetwork, type ImagesToRun } from './teacher.ts';

/** Options of {@link compareNetworks}. */
export interface CompareOptions extends ImagesToRun {
  readonly executor: Executor;
  /** Default: all cores. */
  readonly threads?: number | undefined;
}

/**
 * Compares the outputs of a network with those of its teacher on images, at the values that {@link distillation} compares.
 * Throws `usage` if the outputs do not correspond, or if there are no images.
 *
 * @example
 * const images = { source: data.test, preprocessing, batch: 32 };
 * const { error, errors } = await compareNetworks(changed, network, { ...images, executor: onnxruntime });
 */
export async function compareNetworks(
  student: Graph,
  teacher: Graph,
  options: CompareOptions,
): Promise<TeacherComparison> {
  const { executor, source } = options;
  if (source.count === 0)
    throw new EspalierError('usage', 'expected images, found none', { where: source.name });
  const batch = Math.min(options.batch, source.count);
  const prepared = async (network: Graph) =>
    prepareNetwork((await formsOf(network, executor)).graph, executor);
  const networks = { student: await prepared(student), teacher: await prepared(teacher) };
  const bound = (network: Graph) => boundNetwork(network, source, batch).graph;
  const pairs = distilledPairs(bound(networks.student), bound(networks.teacher));
  return compareWithTeacher({ ...networks, pairs }, { ...options, batch }, options);
}
