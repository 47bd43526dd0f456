import { join } from 'node:path';
import { defined } from '../../defined.ts';
import type { Graph } from '../../graph/graph.ts';
import { evaluate } from '../../measure/accuracy.ts';
import { layersOf, type Measured, sizes } from '../../report/measured-network.ts';
import { type Context, countingBar } from '../command.ts';
import { writeReport } from '../report.ts';
import { writeModel } from '../write-model.ts';
import type { TrainingSession } from './session.ts';

/** Parameters, MACs and bytes of a network, in the element types of its file, and the metrics of its task on test images. */
export async function measureNetwork(
  network: Graph,
  session: TrainingSession,
  context: Context,
): Promise<Measured> {
  const { data, executor, preprocessing, model, task } = session;
  const graph = model.form.restore(network);
  const progress = countingBar(context, 'evaluating', 'images');
  const settings = { executor, preprocessing, progress, signal: context.signal };
  if (!task?.evaluate) {
    const { top1, top5, loss } = await evaluate(graph, data.test, settings);
    return { graph, measures: { ...sizes(graph), top1, top5, loss } };
  }
  const { metrics, ...found } = await task.evaluate(network, data.test, settings);
  const { testAccuracy: top1, testLoss: loss, outputErrors, agreements } = found;
  return {
    graph,
    measures: { ...sizes(graph), ...defined({ top1, loss, outputErrors, agreements }), ...metrics },
  };
}

/** The initial network of a session, whose accuracy is not meaningful if it is untrained. */
export function untrained({ network, model }: TrainingSession): Measured {
  const graph = model.form.restore(network);
  return { graph, measures: sizes(graph) };
}

/** The results of a run. */
interface Results {
  readonly before: Measured;
  readonly after: Measured;
  /** The same function in its fastest form, if there is one. */
  readonly fastest?: Measured;
}

/** The record of a run, and the images of its networks, if there are any. */
type Finishing = Pick<TrainingSession, 'run'> &
  Partial<Pick<TrainingSession, 'preprocessing' | 'data' | 'model'>>;

/** Writes the model, further models by file name, and the report, and records the results. */
export async function finishRun(
  session: Finishing,
  { before, after, fastest }: Results,
  beside: Readonly<Record<string, Graph>> = {},
): Promise<string> {
  const { run, preprocessing, data, model: source } = session;
  const model = join(run.path, 'model.onnx');
  const written = { form: source?.form, preprocessing, classes: data?.train.classes };
  for (const [name, network] of Object.entries({ ...beside, 'model.onnx': after.graph }))
    await writeModel(network, join(run.path, name), written);
  run.record({ type: 'layers', before: layersOf(before), after: layersOf(after) });
  const quick = fastest ? { fastest: fastest.measures } : {};
  run.record({ type: 'result', before: before.measures, after: after.measures, ...quick });
  await writeReport(run.path, join(run.path, 'report.html'));
  return model;
}
