import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import { readBytes } from '../files.ts';
import { closestName } from '../suggest.ts';
import { sweepSchema, swept } from './sweep.ts';

/**
 * The value of an option in a recipe: the value of its flag; true or false for a switch; a list for comma-separated values.
 */
const valueSchema = v.union([
  v.string(),
  v.number(),
  v.boolean(),
  v.pipe(v.array(v.union([v.string(), v.number()])), v.readonly()),
]);
export type OptionValue = v.InferOutput<typeof valueSchema>;

const text = v.pipe(v.string(), v.minLength(1, 'expected some text'));
const WORD = 'expected a word for the name of a step';
/** The name of a step, which may contain `{option}` in a sweep. */
const stepName = v.pipe(v.string(), v.regex(/^([a-z]|\{[\w-]+\})([\w-]|\{[\w-]+\})*$/i, WORD));

const fileSchema = v.strictObject({
  name: text,
  description: v.optional(v.string(), ''),
  out: v.optional(text),
  steps: v.pipe(
    v.array(
      v.strictObject({
        do: text,
        name: v.optional(stepName),
        model: v.optional(v.union([text, v.array(text)]), []),
        options: v.optional(v.record(v.string(), valueSchema), {}),
        sweep: v.optional(sweepSchema),
      }),
    ),
    v.minLength(1, 'expected at least one step'),
  ),
});

/** A step: a command, its arguments, and its options by their names in camelCase. */
export interface RecipeStep {
  readonly name: string;
  readonly do: string;
  readonly model: readonly string[];
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Index of the step in the file, from 0. */
  readonly at?: number;
}

/** Steps in order; `source` is the name of the recipe in error messages. */
export interface RecipeFile {
  readonly source: string;
  readonly name: string;
  readonly description: string;
  readonly out?: string | undefined;
  readonly steps: readonly RecipeStep[];
}

const shipped = fileURLToPath(new URL('../../recipes/', import.meta.url));

/** Reads a recipe: a .json file, or the name of a recipe included with Espalier. Throws `usage`, naming the invalid key. */
export function readRecipe(name: string): RecipeFile {
  const isPath = /\.json$|[\\/]/.test(name);
  if (isPath) return parseRecipe(readBytes(name).toString(), name);
  const path = join(shipped, `${name}.json`);
  if (existsSync(path)) return parseRecipe(readBytes(path).toString(), name);
  const closest = closestName(name, shippedRecipes());
  const hint = closest ? `did you mean ${closest}?` : `expected one of ${shippedRecipes().join(', ')}`;
  throw new EspalierError('usage', `expected a .json file or the name of a recipe: ${hint}`, { where: name });
}

/** The names of the recipes included with Espalier. */
export const shippedRecipes = (): string[] =>
  readdirSync(shipped).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));

/** Parses a recipe. */
export function parseRecipe(json: string, source: string): RecipeFile {
  const parsed = v.safeParse(fileSchema, parseJson(json, source));
  if (!parsed.success) throw schemaError(parsed.issues[0], source);
  const names = new Map<string, number>();
  const steps = parsed.output.steps.flatMap((step, at) => {
    const name = step.name ?? freeName(step.do.replaceAll(' ', '-'), names);
    return swept(name, step.sweep ?? {}).map((one): RecipeStep => {
      refuseName(one.name, names, `${source}: steps.${at}.name`);
      names.set(one.name, at);
      const options = Object.entries({ ...step.options, ...one.options });
      const named = options.map(([key, value]) => [camelCase(key), value] as const);
      return {
        name: one.name,
        do: step.do,
        model: [step.model].flat(),
        options: Object.fromEntries(named),
        at,
      };
    });
  });
  return { ...parsed.output, source, steps };
}

function refuseName(name: string, taken: ReadonlyMap<string, number>, where: string): void {
  if (name.includes('{')) throw new EspalierError('usage', `${WORD}, found ${name}`, { where });
  if (!taken.has(name) && name !== 'in') return;
  const found = name === 'in' ? 'in, which is the model that the recipe is given' : `${name} twice`;
  throw new EspalierError('usage', `expected a unique name, found ${found}`, { where });
}

/** Converts `weight-decay` to `weightDecay`. */
export const camelCase = (key: string): string => key.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

function freeName(name: string, taken: ReadonlyMap<string, number>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  return free;
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new EspalierError('usage', `is not valid JSON: ${(cause as Error).message}`, {
      where: source,
      cause,
    });
  }
}

function schemaError(issue: v.BaseIssue<unknown>, source: string): EspalierError {
  const path = v.getDotPath(issue);
  const where = path ? `${source}: ${path}` : source;
  if (issue.type === 'min_length') return new EspalierError('usage', issue.message, { where });
  if (issue.type === 'regex')
    return new EspalierError('usage', `${issue.message}, found ${issue.received}`, { where });
  return new EspalierError('usage', mismatch(issue), { where });
}

function mismatch({ expected, received }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'is not a key of a recipe';
  if (received === 'undefined') return 'is missing';
  return `expected ${plainTypes(expected ?? 'another value')}, found ${received}`;
}

/** Rewrites valibot's type names for error messages: `(string | Array)` → `string or list`. */
const plainTypes = (types: string): string =>
  types
    .replace(/[()]/g, '')
    .replace(/Array/g, 'list')
    .replace(/Object/g, 'object')
    .replace(/ \| /g, ' or ');
