import { EspalierError } from '../errors.ts';

/** The learning rate as a function of the step. */
export interface ScheduleSettings {
  readonly schedule: ScheduleName;
  /** The highest learning rate. */
  readonly learningRate: number;
  /** Fractions of the run at which schedule `step` multiplies the rate by `gamma`. Default [0.5, 0.75]. */
  readonly milestones?: readonly number[];
  /** Factor at each milestone. Default 0.1. */
  readonly gamma?: number;
  /** Steps over which the rate rises linearly from 0 to the value of the schedule. Default 0. */
  readonly warmupSteps?: number;
}

type Curve = (progress: number, settings: ScheduleSettings) => number;

/** The factor on the learning rate at a fraction of the run in [0, 1). */
const curves = {
  constant: () => 1,
  step: (progress, { milestones = [0.5, 0.75], gamma = 0.1 }) =>
    gamma ** milestones.filter((milestone) => progress >= milestone).length,
  /** ½(1 + cos πt) (Loshchilov & Hutter, ICLR 2017, without restarts). */
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
} satisfies Record<string, Curve>;

/** The name of a learning rate schedule. */
export type ScheduleName = keyof typeof curves;
export const scheduleNames = Object.keys(curves) as ScheduleName[];

/** The learning rate of step `step` (from 0) of `totalSteps`. */
export function learningRateAt(step: number, totalSteps: number, settings: ScheduleSettings): number {
  const curve: Curve | undefined = curves[settings.schedule];
  if (!curve)
    throw new EspalierError(
      'usage',
      `unknown schedule ${settings.schedule}: expected ${scheduleNames.join(', ')}`,
    );
  const { warmupSteps = 0 } = settings;
  const warmup = step < warmupSteps ? (step + 1) / (warmupSteps + 1) : 1;
  return settings.learningRate * warmup * curve(step / totalSteps, settings);
}
