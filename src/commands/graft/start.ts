import { storePreprocessing } from '../../data/preprocessing.ts';
import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOptions } from '../input-flags.ts';
import { isModelPath, openModel } from '../model.ts';
import type { TrainingSession } from '../training/session.ts';
import type { GraftCommandSettings } from './graft.ts';

/**
 * The initial network with an index: its own model, the single given file, or a built-in network with another seed for each.
 * Throws `shape` if its architecture differs from the first.
 */
export async function ringStart(
  session: TrainingSession,
  settings: GraftCommandSettings,
  index: number,
): Promise<Graph> {
  const model = settings.models[index] ?? settings.model;
  if (index === 0 || (model === settings.model && isModelPath(model))) return session.network;
  const { prepareNetwork } = await import('../../training/prepare.ts');
  const { data, preprocessing, executor } = session;
  const { graph } = await openModel(model, {
    classes: data.train.classes.length,
    channels: data.train.channels,
    size: preprocessing.height,
    seed: settings.seed + index,
    gamma: settings.initialScale,
    ...inputOptions(settings),
  });
  const { firstDifference, withWeightsOf } = await import('../../grafting/architecture.ts');
  const prepared = await prepareNetwork(graph, executor);
  storePreprocessing(prepared, preprocessing);
  const difference = firstDifference(session.network, prepared);
  if (difference === null) return withWeightsOf(session.network, prepared);
  throw new EspalierError('shape', `differs from ${settings.model} in architecture: ${difference}`, {
    where: model,
  });
}
