import type { RunDirectory, RunEvent } from '../../training/run-directory.ts';
import { type ImageJob, rankingOptions } from '../iterative/job.ts';
import { rankChannels } from '../rank-channels.ts';
import { measureSensitivity, type SensitivityOptions, type UnitSensitivity } from './measure.ts';

/** A job with images and a run directory. */
export interface SensitivityJob extends ImageJob {
  readonly run: RunDirectory;
}

interface MeasureOptions extends Pick<SensitivityOptions, 'ratios' | 'part' | 'outputs' | 'onUnit'> {
  /** Called with the number of units to measure, including those that are already recorded. */
  onStart?(units: number): void;
}

/** {@link measureSensitivity} for a job, recorded in its run; units measured by an interrupted run are not measured again. */
export async function recordedSensitivity(
  job: SensitivityJob,
  { onStart, onUnit, ...options }: MeasureOptions,
): Promise<UnitSensitivity[]> {
  const { settings, executor, data, run, signal } = job;
  const ranked = await rankChannels(job.original, { ...rankingOptions(job), scope: 'local', floor: 0 });
  onStart?.(Math.ceil(ranked.prepared.units.length / (options.part?.of ?? 1)));
  return measureSensitivity(ranked, {
    ...options,
    ...{ executor, round: settings.round, floor: 0, calibration: data.calibration },
    known: knownUnits(run.readEvents()),
    onUnit(unit) {
      run.record({ type: 'sensitivity', unit });
      onUnit?.(unit);
    },
    ...(signal && { signal }),
  });
}

/** The units that an interrupted run has measured. */
const knownUnits = (events: readonly RunEvent[]): Map<string, UnitSensitivity> =>
  new Map(
    events.flatMap((event) => {
      if (event.type !== 'sensitivity') return [];
      const unit = event.unit as UnitSensitivity;
      return [[unit.name, unit] as const];
    }),
  );
