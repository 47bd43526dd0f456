import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import type { ImageSize } from '../measure/image-size.ts';
import * as values from '../option-schemas.ts';

/** A raw value from commander: text, several for a repeatable flag, true for a switch, undefined if absent. */
export type RawValue = string | boolean | readonly string[] | undefined;

/** A flag: its form on the command line, and how its value is read. */
export interface Flag<T> {
  /** `--epochs <n>`; a switch has no value. */
  readonly usage: string;
  readonly summary: string;
  /** The default, as shown in the help. */
  readonly shownDefault?: string;
  /** Whether it is required: reading it without a value throws. */
  readonly required?: boolean;
  /** Whether it can be given several times. */
  readonly repeats?: boolean;
  /** Reads the value. Throws `usage` if it is invalid. */
  read(raw: RawValue): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type Options<F extends Flags> = { readonly [K in keyof F]: ReturnType<F[K]['read']> };

/** The values of all flags if none is given. */
export const defaultsOf = <F extends Flags>(flags: F): Options<F> =>
  Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, flag.read(undefined)])) as Options<F>;

type ValueSchema<T> = v.GenericSchema<string, T>;

/** An optional flag. */
export function optional<T>(usage: string, summary: string, schema: ValueSchema<T>): Flag<T | undefined> {
  return { usage, summary, read: (raw) => (raw === undefined ? undefined : parse(usage, schema, raw)) };
}

/** A flag with a default value. */
export function defaulted<T>(
  usage: string,
  summary: string,
  [schema, fallback]: readonly [ValueSchema<T>, NoInfer<T>],
): Flag<T> {
  const read = (raw: RawValue) => (raw === undefined ? fallback : parse(usage, schema, raw));
  return { usage, summary, shownDefault: String(fallback), read };
}

/** A required flag. */
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

/** A repeatable flag: its values in order, empty if absent. */
export function repeated<T>(usage: string, summary: string, schema: ValueSchema<T>): Flag<T[]> {
  const read = (raw: RawValue) =>
    raw === undefined ? [] : [raw].flat().map((one) => parse(usage, schema, one));
  return { usage, summary: `${summary} (may be repeated)`, repeats: true, read };
}

/** {@link repeated}, but undefined if absent, so that recipes do not record it. */
export function repeatedIfTyped<T>(
  usage: string,
  summary: string,
  schema: ValueSchema<T>,
): Flag<T[] | undefined> {
  const flag = repeated(usage, summary, schema);
  return { ...flag, read: (raw) => (raw === undefined ? undefined : flag.read(raw)) };
}

/** A switch: false if absent. `--no-x` is false if present. */
export function flagSwitch(usage: string, summary: string): Flag<boolean> {
  return { usage, summary, read: (raw) => (raw === undefined ? usage.startsWith('--no-') : raw === true) };
}

/** A switch that recipes record only if present, so that runs from before it existed can be resumed. */
export const laterSwitch = (usage: string, summary: string): Flag<true | undefined> => ({
  usage,
  summary,
  read: (raw) => (raw === undefined ? undefined : true),
});

/** The error for a missing required flag. */
export const missingFlag = (usage: string): EspalierError =>
  new EspalierError('usage', `missing ${usage}: see --help`);

function parse<T>(usage: string, schema: ValueSchema<T>, raw: RawValue): T {
  const result = v.safeParse(schema, String(raw));
  if (result.success) return result.output;
  const name = usage.split(' ')[0]!;
  throw new EspalierError('usage', `${name}: ${result.issues[0].message}, found ${JSON.stringify(raw)}`);
}

/** Non-empty text. */
export const text = v.pipe(v.string(), v.minLength(1, 'expected a value'));

/** An integer of at least `least`. */
export function wholeNumber(least = 1) {
  const schema = values.wholeNumber(least);
  return v.pipe(v.string(), v.regex(/^\d+$/, schema.message), v.transform(Number), schema);
}

/** Height and width: one number, or HEIGHTxWIDTH; 192x192 is 192. */
export const imageSize = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d*(x[1-9]\d*)?$/, 'expected a size such as 224, or a height and a width such as 192x320'),
  v.transform((text): ImageSize => {
    const [height = 0, width = height] = text.split('x').map(Number);
    return height === width ? height : { height, width };
  }),
);

/** The image size, for commands that read no images. */
export const openSizeFlag = optional(
  '--size <size>',
  'height and width, for a model that leaves its image size free: 224, or 192x320',
  imageSize,
);

/** Text that a schema accepts as a number. */
export const asNumber = <T extends v.GenericSchema<number, number> & { readonly message: string }>(
  schema: T,
) => v.pipe(v.string(), v.regex(/\S/, schema.message), v.transform(Number), schema);

/** A finite number within inclusive bounds. */
export const numberIn = (least: number, most?: number) => asNumber(values.numberIn(least, most));

/** A positive finite number. */
export const positive = asNumber(values.positive);

/** 0 < x ≤ 1. */
export const fraction = asNumber(values.fraction);

/** Values separated by commas. */
export const listOf = <T>(schema: ValueSchema<T>) =>
  v.pipe(
    v.string(),
    v.transform((list) => list.split(',')),
    v.array(schema),
  );

/** Globs separated by commas. */
export const globs = listOf(v.string());

/** Comma-separated finite numbers. */
export const numbers = listOf(asNumber(values.finite('expected numbers separated by commas')));

/** One of several words. */
export const choice = values.oneOf;

/** One of the keys of a table. */
export const choiceOf = <const T extends object>(table: T) =>
  choice(Object.keys(table) as (keyof T & string)[]);

/** Several of some words, comma-separated. */
export const choices = <const T extends readonly string[]>(words: T) =>
  listOf(v.picklist(words, `expected some of ${words.join(', ')}, separated by commas`));
