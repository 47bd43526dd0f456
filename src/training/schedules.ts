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

/** The part of the run in which the rate of `one-cycle` rises. */
const RISING = 0.3;

type Curve = (progress: number, settings: ScheduleSettings) => number;

/** The factor on the learning rate at a fraction of the run in [0, 1). */
const curves = {
  constant: () => 1,
  step: (progress, { milestones = [0.5, 0.75], gamma = 0.1 }) =>
    gamma ** milestones.filter((milestone) => progress >= milestone).length,
  /** ½(1 + cos πt) (Loshchilov & Hutter, ICLR 2017, without restarts). */
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  /**
   * From 1/25 to 1 in the first 30 %, then to 1/250000, along half cosines (Smith & Topin, 2019, arXiv:1708.07120, in PyTorch's
   * form). The momentum is constant, where the paper lowers it while the rate rises.
   */
  'one-cycle': (progress) =>
    progress < RISING
      ? halfCosine(1 / 25, 1, progress / RISING)
      : halfCosine(1, 1 / 250_000, (progress - RISING) / (1 - RISING)),
} satisfies Record<string, Curve>;

/** From one number to another one. */
function halfCosine(from: number, to: number, progress: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;
}

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
