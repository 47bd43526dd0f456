import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { asClassifier } from '../../measure/classifier.ts';
import { judge } from '../../measure/scores.ts';
import { floats } from '../../numeric/tensor.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { Calibration } from '../calibration.ts';
import { cutChannels } from '../cut-channels.ts';
import type { RankedChannels } from '../rank-channels.ts';
import { keptClasses, type WidthRules } from '../ranking/widths.ts';

/** What a network does on images after one unit alone was narrowed. */
export interface SensitivityPoint {
  /** The part of the unit's channels that went. */
  readonly ratio: number;
  /** Classes that stay. */
  readonly kept: number;
  /** null where images have no classes. */
  readonly top1: number | null;
  /** The mean of −ln p(true class); null where images have no classes. */
  readonly loss: number | null;
  /** ‖y − y₀‖₂ / ‖y₀‖₂ over all images, y₀ being the output before: needs no labels. */
  readonly outputError: number;
}

export interface UnitSensitivity {
  readonly name: string;
  readonly layers: readonly string[];
  readonly classes: number;
  /** By rising ratio; the first is the network as it is. */
  readonly points: readonly SensitivityPoint[];
}

export interface SensitivityOptions extends WidthRules {
  readonly executor: Executor;
  readonly ratios: readonly number[];
  readonly calibration: Calibration;
  /** Units measured before, by name: they are not measured again. */
  readonly known?: ReadonlyMap<string, UnitSensitivity>;
  /** Told of each unit when it is measured. */
  readonly onUnit?: (unit: UnitSensitivity) => void;
  readonly signal?: AbortSignal;
}

/** Narrows each unit alone, by several ratios, and looks at what the network still does; units that stay are left out. */
export async function measureSensitivity(
  { prepared, units, selector }: RankedChannels,
  options: SensitivityOptions,
): Promise<UnitSensitivity[]> {
  const { ratios, known, onUnit, signal } = options;
  const whole = units.map(({ classes }) => classes.length);
  const reference = await scoresOf(prepared, options);
  const original = compared(reference, reference, options.calibration);
  const measured: UnitSensitivity[] = [];
  for (const [index, unit] of units.entries()) {
    const count = unit.classes.length;
    if (selector.widths(1)[index] === count) continue;
    const before = known?.get(unit.name);
    if (before) {
      measured.push(before);
      continue;
    }
    const widths = ratios.map((ratio) =>
      keptClasses(unit, (1 - ratio) * count, { ...options, original: count }),
    );
    const points: SensitivityPoint[] = [{ ratio: 0, kept: count, ...original }];
    for (const kept of new Set(widths)) {
      if (kept === count) continue;
      if (signal?.aborted)
        throw new EspalierError('interrupted', 'measuring stopped: what was measured is kept');
      const removed = selector.removed(whole.map((width, i) => (i === index ? kept : width)));
      const scores = await scoresOf(cutChannels({ prepared, removed }).graph, options);
      points.push({ ratio: 1 - kept / count, kept, ...compared(scores, reference, options.calibration) });
    }
    const result = {
      name: unit.name,
      layers: unit.layers.map(({ node }) => node.name),
      classes: count,
      points,
    };
    measured.push(result);
    onUnit?.(result);
  }
  return measured;
}

interface ImageScores {
  /** [images, classes]. */
  readonly values: Float32Array;
  readonly classes: number;
  readonly kind: ReturnType<typeof asClassifier>['scores'];
}

/** The scores of all calibration images. */
async function scoresOf(
  graph: Graph,
  { executor, calibration }: Pick<SensitivityOptions, 'executor' | 'calibration'>,
): Promise<ImageScores> {
  const classifier = asClassifier(graph);
  const program = await executor.compile(classifier.graph);
  const parts: Float32Array[] = [];
  try {
    for (const { images, count } of calibration.batches) {
      const feed = floats([count, ...calibration.image], images);
      const result = (await program.run({ [classifier.input]: feed }))[classifier.output]!;
      parts.push((result.data as Float32Array).slice());
    }
  } finally {
    await program.close();
  }
  const images = calibration.batches.reduce((sum, { count }) => sum + count, 0);
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return { values, classes: values.length / images, kind: classifier.scores };
}

function compared(
  { values, classes, kind }: ImageScores,
  reference: ImageScores,
  { batches, labelled }: Calibration,
): Omit<SensitivityPoint, 'ratio' | 'kept'> {
  const labels = batches.flatMap((batch) => Array.from(batch.labels, Number));
  let [hits, loss, difference, size] = [0, 0, 0, 0];
  for (const [image, label] of labelled ? labels.entries() : []) {
    const verdict = judge(values.subarray(image * classes, (image + 1) * classes), label, kind);
    if (verdict.rank < 1) hits++;
    loss += verdict.loss;
  }
  for (let i = 0; i < values.length; i++) {
    difference += (values[i]! - reference.values[i]!) ** 2;
    size += reference.values[i]! ** 2;
  }
  return {
    top1: labelled ? hits / labels.length : null,
    loss: labelled ? loss / labels.length : null,
    outputError: Math.sqrt(difference / Math.max(size, 1e-30)),
  };
}
