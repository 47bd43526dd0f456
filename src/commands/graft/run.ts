import { openRingEngine } from '../../distributed/ring-engine.ts';
import { growRing, type RingMember } from '../../grafting/grow-ring.ts';
import { sizes } from '../../report/measured-network.ts';
import type { Context } from '../command.ts';
import type { TrainingFlags } from '../training/flags.ts';
import type { PlannedRun } from '../training/recipe.ts';
import { finishRun, untrained } from '../training/result.ts';
import { jobSource, timesText, watchRing } from '../training/ring-watch.ts';
import { openTrainingSession, trainOptions } from '../training/session.ts';
import type { GraftCommandSettings } from './graft.ts';
import { ringStart } from './start.ts';

export interface RingResult {
  /** The best network; the others are beside it. */
  readonly model: string;
  readonly best: number;
  readonly members: readonly Omit<RingMember, 'graph' | 'top5'>[];
  /** The accuracy of all networks together; null for a single network. */
  readonly ensemble: number | null;
}

/** Trains a ring of networks, resuming an interrupted run, and writes all of them. */
export async function runGrafting(
  planned: Omit<PlannedRun<TrainingFlags>, 'settings'> & { readonly settings: GraftCommandSettings },
  context: Context,
): Promise<RingResult> {
  const { settings } = planned;
  const { epochs, networks } = settings;
  const session = await openTrainingSession(planned, context);
  const { run, model: source } = session;
  const watch = watchRing(context, settings);
  const grown = await growRing({
    training: { ...trainOptions(session, settings, context), run },
    ...{ networks, grafting: settings, images: await jobSource(settings) },
    start: (index) => ringStart(session, settings, index),
    openEngine: (ring) => openRingEngine(ring, settings, run.recipe),
    restore: source.form.restore,
    onStep: watch.step,
    onEpoch({ epoch, times, invalid }) {
      watch.done();
      context.note(`epoch ${epoch}/${epochs}  ${timesText(times)}  invalid filters ${invalid.join(', ')}`);
    },
  }).finally(() => watch.done());
  const { best, ensemble } = grown;
  const members = grown.members.map(({ graph: _, top5: __, ...member }) => member);
  run.record({ type: 'ring', members, best, ensemble });
  const graphs = grown.members.map(({ graph }) => graph);
  const { graph, top1, top5 } = grown.members[best - 1]!;
  const after = { graph, measures: { ...sizes(graph), top1, top5 } };
  const beside = Object.fromEntries(graphs.map((network, i) => [`network-${i + 1}.onnx`, network]));
  const model = await finishRun(session, { before: untrained(session), after }, beside);
  return { model, best, members, ensemble };
}
