import * as v from 'valibot';

/** A value that a sweep gives an option. */
const sweptValue = v.union([v.string(), v.number(), v.boolean()]);

/** The options that a step takes several values of, one step each: by name, in order. */
export const sweepSchema = v.record(
  v.string(),
  v.pipe(v.array(sweptValue), v.minLength(1, 'expected at least one value')),
);
type Sweep = v.InferOutput<typeof sweepSchema>;

/** One step of a sweep: its name, and its options. */
export interface SweptStep {
  readonly name: string;
  readonly options: Readonly<Record<string, v.InferOutput<typeof sweptValue>>>;
}

/**
 * A step for each combination of values, the last option's changing fastest. `{option}` in the name stands for its value;
 * a name without is followed by the values.
 */
export function swept(name: string, sweep: Sweep): SweptStep[] {
  const combinations = Object.entries(sweep).reduce<SweptStep['options'][]>(
    (before, [option, values]) =>
      before.flatMap((options) => values.map((value) => ({ ...options, [option]: value }))),
    [{}],
  );
  return combinations.map((options) => ({ name: nameOf(name, options), options }));
}

/** Dots and the like are dashes in names. */
const wordOf = (value: unknown): string => String(value).replaceAll(/[^\w-]+/g, '-');

function nameOf(pattern: string, options: SweptStep['options']): string {
  const named = pattern.replaceAll(/\{([\w-]+)\}/g, (text, option) =>
    Object.hasOwn(options, option) ? wordOf(options[option]) : text,
  );
  return named === pattern ? [pattern, ...Object.values(options).map(wordOf)].join('-') : named;
}
