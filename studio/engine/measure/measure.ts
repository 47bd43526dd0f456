import {
  compileToWebAssembly,
  disturbance,
  EspalierError,
  type MeasuredModel,
  type MeasuredRounds,
  measuredInputs,
  measureInTurns,
  serializeModel,
  speedText,
  WEB_WARMUP_MS,
} from 'espalier/core';
import { type Operation, openOperation } from '../control.ts';
import type { Session } from '../session.ts';
import type { Control, EngineTools, Version } from '../types.ts';
import type {
  MeasureChoice,
  MeasuredForm,
  Measurement,
  MeasuringEngine,
  OpenMeasuringEngine,
} from './types.ts';

export interface MeasureControl extends Control {
  readonly openEngine: OpenMeasuringEngine;
}

/**
 * Measures versions in turns, each in all forms. What cannot be compiled is named in the notes; the others are measured.
 * Throws `usage` if nothing is chosen, and `unsupported` if nothing can be measured.
 */
export async function measureVersions(
  session: Session,
  choice: MeasureChoice,
  { openEngine, ...control }: MeasureControl,
): Promise<Measurement> {
  const pairs = choice.versions.flatMap((id) =>
    choice.forms.map((form) => [session.version(id), form] as const),
  );
  if (pairs.length === 0) throw new EspalierError('usage', 'expected a version and a form to measure');
  const operation = openOperation(pairs.length + 1, session.tools, control);
  const engine = await openEngine(choice.threads);
  try {
    const models: MeasuredModel[] = [];
    const notes: string[] = [];
    for (const [version, form] of pairs) {
      await operation.begin(`Preparing ${version.title}`);
      const model = await preparations[form](version, { threads: choice.threads, engine, operation });
      if ('refusal' in model) notes.push(model.refusal);
      else models.push(model);
    }
    if (models.length === 0) throw new EspalierError('unsupported', notes.join('; '));
    await operation.begin('Loading and warming up');
    const seconds = choice.seconds * models.length;
    const watched = withProgress(models, { seconds, tools: session.tools, control });
    const sampling = { seconds, warmupMs: WEB_WARMUP_MS, signal: control.signal };
    return measurementOf(await measureInTurns(watched, sampling), choice, notes);
  } finally {
    await engine.close();
  }
}

interface Preparation {
  readonly threads: number;
  readonly engine: MeasuringEngine;
  readonly operation: Operation;
}

/** Why a version cannot be measured in a form. */
interface NotMeasured {
  readonly refusal: string;
}

type Prepare = (version: Version, preparation: Preparation) => Promise<MeasuredModel | NotMeasured>;

const preparations: { readonly [F in MeasuredForm]: Prepare } = {
  async 'onnxruntime-web'(version, { engine }) {
    const path = `${version.title}, onnxruntime-web`;
    const { inputs } = inputsOf(version);
    return { path, open: () => engine.openModel(serializeModel(version.network), inputs) };
  },
  async compiled(version, { threads, engine, operation: { executor } }) {
    const path = `${version.title}, compiled`;
    const { inputs } = inputsOf(version);
    try {
      const { network } = await compileToWebAssembly(version.forms, {
        executor,
        size: version.size,
        threads,
      });
      return { path, open: () => engine.openCompiled(network, inputs) };
    } catch (error) {
      if (!(error instanceof EspalierError) || error.code !== 'unsupported') throw error;
      return { refusal: `${path}: ${error.message}` };
    }
  },
};

const inputsOf = ({ network, title, size }: Version) => measuredInputs(network, title, { size });

interface Following {
  readonly seconds: number;
  readonly tools: EngineTools;
  readonly control: Control;
}

/** Reports the progress each time that the first model is timed, which is once in each round. */
function withProgress(
  [first, ...others]: readonly MeasuredModel[],
  { seconds, tools, control }: Following,
): MeasuredModel[] {
  let started: number | null = null;
  const watched: MeasuredModel = {
    ...first!,
    async open() {
      const runner = await first!.open();
      return {
        ...runner,
        time(n) {
          started ??= tools.now();
          const done = Math.min(seconds, (tools.now() - started) / 1000);
          control.progress?.({ label: 'Measuring', done, total: seconds, secondsLeft: seconds - done });
          return runner.time(n);
        },
      };
    },
  };
  return [watched, ...others];
}

function measurementOf(
  { models, rounds }: MeasuredRounds,
  { threads }: MeasureChoice,
  notes: readonly string[],
): Measurement {
  const disturbed = disturbance(models);
  return {
    measured: models.map(({ path: name, warning: _, ...latency }, i) => ({
      name,
      ...latency,
      claim: i === 0 ? null : speedText(latency),
    })),
    rounds,
    threads,
    notes: disturbed ? [...notes, disturbed] : notes,
  };
}
