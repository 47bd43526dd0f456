import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import type { ImageSize } from '../measure/image-size.ts';

/** What commander hands over: text, several for a flag that repeats, true for a switch, undefined where it was not typed. */
export type RawValue = string | boolean | readonly string[] | undefined;

/** A flag: how it is typed, and how its value is read. */
export interface Flag<T> {
  /** `--epochs <n>`; a switch takes no value. */
  readonly usage: string;
  readonly summary: string;
  /** Shown in the help. */
  readonly shownDefault?: string;
  /** Must be typed: reading it without a value throws. */
  readonly required?: boolean;
  /** May be typed several times. */
  readonly repeats?: boolean;
  /** The value; throws EspalierError('usage'). */
  read(raw: RawValue): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type Options<F extends Flags> = { readonly [K in keyof F]: ReturnType<F[K]['read']> };

/** The values of flags of which none was typed. */
export const defaultsOf = <F extends Flags>(flags: F): Options<F> =>
  Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, flag.read(undefined)])) as Options<F>;

type ValueSchema<T> = v.GenericSchema<string, T>;

/** A flag that may be left out. */
export function optional<T>(usage: string, summary: string, schema: ValueSchema<T>): Flag<T | undefined> {
  return { usage, summary, read: (raw) => (raw === undefined ? undefined : parse(usage, schema, raw)) };
}

/** A flag with a value of its own where it is left out. */
export function defaulted<T>(
  usage: string,
  summary: string,
  [schema, fallback]: readonly [ValueSchema<T>, NoInfer<T>],
): Flag<T> {
  const read = (raw: RawValue) => (raw === undefined ? fallback : parse(usage, schema, raw));
  return { usage, summary, shownDefault: String(fallback), read };
}

/** A flag that must be typed. */
export function required<T>(usage: string, summary: string, schema: ValueSchema<T>): Flag<T> {
  return {
    usage,
    summary: `${summary} (required)`,
    required: true,
    read(raw) {
      if (raw === undefined) throw missingFlag(usage);
      return parse(usage, schema, raw);
    },
  };
}

/** A flag that may be typed several times; its values in order, none where it is left out. */
export function repeated<T>(usage: string, summary: string, schema: ValueSchema<T>): Flag<T[]> {
  const read = (raw: RawValue) =>
    raw === undefined ? [] : [raw].flat().map((one) => parse(usage, schema, one));
  return { usage, summary: `${summary} (may be repeated)`, repeats: true, read };
}

/** {@link repeated}, undefined where it is left out: recipes mention it only where it was typed. */
export function repeatedIfTyped<T>(
  usage: string,
  summary: string,
  schema: ValueSchema<T>,
): Flag<T[] | undefined> {
  const flag = repeated(usage, summary, schema);
  return { ...flag, read: (raw) => (raw === undefined ? undefined : flag.read(raw)) };
}

/** A flag without a value; false where it is left out. `--no-x` is false where it is typed. */
export function flagSwitch(usage: string, summary: string): Flag<boolean> {
  return { usage, summary, read: (raw) => (raw === undefined ? usage.startsWith('--no-') : raw === true) };
}

/** A switch that recipes mention only where it was typed: runs from before there was such a flag can be resumed. */
export const laterSwitch = (usage: string, summary: string): Flag<true | undefined> => ({
  usage,
  summary,
  read: (raw) => (raw === undefined ? undefined : true),
});

/** The error for a flag that should have been typed. */
export const missingFlag = (usage: string): EspalierError =>
  new EspalierError('usage', `missing ${usage}: see --help`);

function parse<T>(usage: string, schema: ValueSchema<T>, raw: RawValue): T {
  const result = v.safeParse(schema, String(raw));
  if (result.success) return result.output;
  const name = usage.split(' ')[0]!;
  throw new EspalierError('usage', `${name}: ${result.issues[0].message}, found ${JSON.stringify(raw)}`);
}

/** Any text but none. */
export const text = v.pipe(v.string(), v.minLength(1, 'expected a value'));

/** A whole number of at least `least`. */
export function wholeNumber(least = 1) {
  const message = `expected a whole number of at least ${least}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d+$/, message),
    v.transform(Number),
    v.safeInteger(message),
    v.minValue(least, message),
  );
}

/** A height and width: one number, or HEIGHTxWIDTH; 192x192 is 192. */
export const imageSize = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d*(x[1-9]\d*)?$/, 'expected a size such as 224, or a height and a width such as 192x320'),
  v.transform((text): ImageSize => {
    const [height = 0, width = height] = text.split('x').map(Number);
    return height === width ? height : { height, width };
  }),
);

/** The size of images, for commands that look at none. */
export const openSizeFlag = optional(
  '--size <size>',
  'height and width, for a model that leaves its image size free: 224, or 192x320',
  imageSize,
);

/** A finite number within bounds, the bounds included. */
export function numberIn(least: number, most = Number.POSITIVE_INFINITY) {
  const message =
    most === Number.POSITIVE_INFINITY
      ? `expected a number of at least ${least}`
      : `expected a number from ${least} to ${most}`;
  return v.pipe(finite(message), v.minValue(least, message), v.maxValue(most, message));
}

/** A positive finite number. */
export const positive = above0('expected a number above 0');

const FRACTION = 'expected a fraction above 0, up to 1';

/** 0 < x ≤ 1. */
export const fraction = v.pipe(above0(FRACTION), v.maxValue(1, FRACTION));

/** Values separated by commas. */
export const listOf = <T>(schema: ValueSchema<T>) =>
  v.pipe(
    v.string(),
    v.transform((list) => list.split(',')),
    v.array(schema),
  );

/** Globs separated by commas. */
export const globs = listOf(v.string());

/** Finite numbers separated by commas. */
export const numbers = listOf(finite('expected numbers separated by commas'));

/** One of some words. */
export const choice = <const T extends readonly string[]>(words: T) =>
  v.picklist(words, `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);

/** One of the keys of a table. */
export const choiceOf = <const T extends object>(table: T) =>
  choice(Object.keys(table) as (keyof T & string)[]);

/** Some of some words, separated by commas. */
export const choices = <const T extends readonly string[]>(words: T) =>
  listOf(v.picklist(words, `expected some of ${words.join(', ')}, separated by commas`));

function above0(message: string) {
  return v.pipe(finite(message), v.gtValue(0, message));
}

function finite(message: string) {
  return v.pipe(
    v.string(),
    v.regex(/\S/, message),
    v.transform(Number),
    v.number(message),
    v.finite(message),
  );
}
