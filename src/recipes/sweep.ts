import * as v from 'valibot';

/** One value of an option in a sweep. */
const sweptValue = v.union([v.string(), v.number(), v.boolean()]);

/** Options with several values, for which there is one step per combination. */
export const sweepSchema = v.record(
  v.string(),
  v.pipe(v.array(sweptValue), v.minLength(1, 'expected at least one value')),
);
type Sweep = v.InferOutput<typeof sweepSchema>;

/** One step of a sweep: its name and options. */
export interface SweptStep {
  readonly name: string;
  readonly options: Readonly<Record<string, v.InferOutput<typeof sweptValue>>>;
}

/**
 * One step per combination of values; the last option varies fastest. `{option}` in the name is replaced by the value;
 * otherwise the values are appended.
 */
export function swept(name: string, sweep: Sweep): SweptStep[] {
  const combinations = Object.entries(sweep).reduce<SweptStep['options'][]>(
    (before, [option, values]) =>
      before.flatMap((options) => values.map((value) => ({ ...options, [option]: value }))),
    [{}],
  );
  return combinations.map((options) => ({ name: nameOf(name, options), options }));
}

/** Replaces characters that are not allowed in names by dashes. */
const wordOf = (value: unknown): string => String(value).replaceAll(/[^\w-]+/g, '-');

function nameOf(pattern: string, options: SweptStep['options']): string {
  const named = pattern.replaceAll(/\{([\w-]+)\}/g, (text, option) =>
    Object.hasOwn(options, option) ? wordOf(options[option]) : text,
  );
  return named === pattern ? [pattern, ...Object.values(options).map(wordOf)].join('-') : named;
}
