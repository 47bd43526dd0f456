import {
  deployNetwork,
  inElementType,
  measuredInputs,
  measureInTurns,
  parseModel,
  speedText,
  type Timer,
  temporaryTimings,
  WEB_WARMUP_MS,
} from 'espalier/core';
import { openOperation } from '../control.ts';
import { shapesOf } from '../look/look.ts';
import type { MeasureControl } from '../measure/measure.ts';
import type { MeasuringEngine } from '../measure/types.ts';
import type { Session } from '../session.ts';
import type { Control, Version } from '../types.ts';
import { comparedWith, leftAloneBy } from '../words.ts';

/** Threads for which forms are chosen: the default of the command `deploy`. */
const THREADS = 1;

/**
 * Chooses the fastest exact form of each layer with zero stripes, as the command `deploy --target web` does: timed in this
 * browser, and compared with the version before.
 */
export async function deployForms(
  session: Session,
  { openEngine, ...control }: MeasureControl,
): Promise<Version> {
  const version = session.current;
  const { graph: prepared, given, form, obstacle } = version.forms;
  if (obstacle) throw obstacle;
  const striped = shapesOf(version).layers.length;
  const operation = openOperation(striped + 2, session.tools, control);
  await operation.begin('Timing forms');
  const engine = await openEngine(THREADS);
  try {
    const deployment = await deployNetwork(prepared, {
      ...{ executor: operation.executor, size: version.size },
      timer: inElementType(timerOn(engine, control), form),
      reference: { graph: given, restore: form.restore },
      onLayer: ({ name, best }) => operation.beginNow(`Timed ${name}: ${best.form}`),
    });
    const { graph, layers, leftAlone, latency, error } = deployment;
    const forms = layers.filter((layer) => layer.form !== 'dense');
    return session.add({
      title: 'deploy forms',
      network: form.restore(graph),
      step: {
        do: 'deploy',
        options: { target: 'web', threads: THREADS },
        error,
        remarks: [
          comparedWith('the version before', error),
          `in this browser, on one thread: ${speedText(latency)}`,
          ...forms.map((layer) => `${layer.name}: ${layer.form}`),
        ],
        leftAlone: leftAloneBy(leftAlone),
        groups: [],
      },
    });
  } finally {
    await engine.close();
  }
}

/** A timer on an engine that measures. Times are not kept: other load on the machine differs from visit to visit. */
const timerOn = (engine: MeasuringEngine, { signal }: Control): Timer => ({
  engine: 'onnxruntime-web',
  threads: THREADS,
  timings: temporaryTimings(),
  signal,
  async benchmark(models, options = {}) {
    const opened = models.map((bytes, i) => {
      const path = `model ${i + 1}`;
      const { inputs } = measuredInputs(parseModel(bytes), path, options);
      return { path, open: () => engine.openModel(bytes, inputs) };
    });
    const measured = await measureInTurns(opened, { ...options, warmupMs: WEB_WARMUP_MS });
    return { ...measured, threads: THREADS, batch: 1 };
  },
});
