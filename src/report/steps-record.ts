import * as v from 'valibot';
import type { RunEvent } from '../training/run-directory.ts';

const outcomeSchema = v.object({
  type: v.literal('finish'),
  name: v.string(),
  /** The command line of the step. */
  line: v.string(),
  /** The step's folder, which may be missing. */
  folder: v.string(),
  hours: v.number(),
  /** The output of the command with --json, and without. */
  data: v.unknown(),
  text: v.string(),
});
const stopSchema = v.object({ type: v.literal('stop'), name: v.string(), hours: v.number() });

/** The result of a finished step of a recipe. */
export type StepOutcome = Omit<v.InferOutput<typeof outcomeSchema>, 'type'>;

/** The finished steps of a recipe run by name, in order; malformed events are ignored. */
export function finishedSteps(events: readonly RunEvent[]): ReadonlyMap<string, StepOutcome> {
  return new Map(
    events.flatMap((event) => {
      const parsed = v.safeParse(outcomeSchema, event);
      if (!parsed.success) return [];
      const { type: _, ...outcome } = parsed.output;
      return [[outcome.name, outcome] as const];
    }),
  );
}

/** Hours that an interrupted step has run so far. */
export function hoursSpent(events: readonly RunEvent[], name: string): number {
  return events.reduce((sum, event) => {
    const parsed = v.safeParse(stopSchema, event);
    return parsed.success && parsed.output.name === name ? sum + parsed.output.hours : sum;
  }, 0);
}

/** The names of the started steps, in order. */
export const startedSteps = (events: readonly RunEvent[]): string[] => [
  ...new Set(
    events.flatMap(({ type, name }) => (type === 'start' && typeof name === 'string' ? [name] : [])),
  ),
];
