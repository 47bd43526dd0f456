import * as v from 'valibot';
import { EspalierError } from './errors.ts';

/** A schema of an option's values. */
type OptionSchema = v.GenericSchema<unknown, unknown>;

/** Schemas of options by name. Options without a schema are not checked. */
export type OptionSchemas<T> = { readonly [K in keyof T]?: OptionSchema };

/**
 * Throws `usage` if an option has a value that its type excludes, because JavaScript and casts permit it, or a number outside
 * its range. Options that are undefined or null are not given.
 */
export function expectOptions<T extends object>(schemas: OptionSchemas<T>, options: T): void {
  for (const [name, schema] of Object.entries<OptionSchema | undefined>(schemas)) {
    const value: unknown = options[name as keyof T];
    if (!schema || value === undefined || value === null) continue;
    const result = v.safeParse(schema, value);
    if (result.success) continue;
    const found = typeof value === 'number' ? value : JSON.stringify(value);
    throw new EspalierError('usage', `\`${name}\`: ${result.issues[0].message}, found ${found}`);
  }
}

/** An integer of at least `least`. */
export function wholeNumber(least = 1) {
  const message = `expected a whole number of at least ${least}`;
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message));
}

/** A finite number. */
export const finite = (message: string) => v.pipe(v.number(message), v.finite(message));

/** A finite number within inclusive bounds. */
export function numberIn(least: number, most = Number.POSITIVE_INFINITY) {
  const message =
    most === Number.POSITIVE_INFINITY
      ? `expected a number of at least ${least}`
      : `expected a number from ${least} to ${most}`;
  return v.pipe(finite(message), v.minValue(least, message), v.maxValue(most, message));
}

const BELOW_1 = 'expected a number of at least 0, below 1';

/** 0 ≤ x < 1. */
export const below1 = v.pipe(finite(BELOW_1), v.minValue(0, BELOW_1), v.ltValue(1, BELOW_1));

const POSITIVE = 'expected a number above 0';

/** A positive finite number. */
export const positive = v.pipe(finite(POSITIVE), v.gtValue(0, POSITIVE));

const FRACTION = 'expected a fraction above 0, up to 1';

/** 0 < x ≤ 1. */
export const fraction = v.pipe(finite(FRACTION), v.gtValue(0, FRACTION), v.maxValue(1, FRACTION));

/** One of several names. */
export const oneOf = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, `expected ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);

/** A list of some of several names. */
export function someOf<const T extends readonly string[]>(names: T) {
  const message = `expected a list of some of ${names.join(', ')}`;
  return v.array(v.picklist(names, message), message);
}

const NUMBERS = 'expected a list of numbers';

/** A list of finite numbers. */
export const numberList = v.array(finite(NUMBERS), NUMBERS);
