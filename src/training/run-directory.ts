import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { fileError, readBytes, readJson, writeFileAtomically } from '../files.ts';

/** The command and options of a run, so that it can be repeated: `recipe.json`. */
export interface Recipe {
  readonly command: string;
  /** All options that influence the result. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly processor: string; readonly cores: number };
  /** ISO date. */
  readonly started: string;
}

/** One line of `events.jsonl`. `step` is counted over the whole run. */
export interface RunEvent {
  readonly type: string;
  readonly step?: number;
  readonly [field: string]: unknown;
}

/** A directory that records a run. */
export interface RunDirectory {
  readonly path: string;
  /** The folder of the run of which this is a step, from which both are resumed; default: `path`. */
  readonly whole?: string;
  readonly recipe: Recipe;
  /** Appends an event; adds `time` (ISO 8601) if it is missing. */
  record(event: RunEvent): void;
  readEvents(): RunEvent[];
  /** Deletes the events after a step, and of epochs that were not finished by then: a resumed run repeats them. */
  rewind(step: number, epochs?: number): void;
}

/** Creates a recipe with this machine's properties and the current time. `versions` are added to Node's version. */
export function makeRecipe(
  command: string,
  options: Recipe['options'],
  versions: Recipe['versions'],
): Recipe {
  const processors = cpus();
  const machine = { processor: processors[0]?.model.trim() ?? 'unknown', cores: processors.length };
  return {
    command,
    options,
    versions: { node: process.version, ...versions },
    machine,
    started: new Date().toISOString(),
  };
}

/**
 * Starts a run in a directory, which is created if it is missing. Throws `usage` if the directory already contains a run.
 *
 * @example
 * const run = createRunDirectory('runs/first', makeRecipe('train', { epochs: 10 }, {}));
 */
export function createRunDirectory(path: string, recipe: Recipe): RunDirectory {
  if (existsSync(join(path, 'recipe.json'))) {
    throw new EspalierError(
      'usage',
      'already contains a run: continue it with `resume`, or choose another folder',
      { where: path },
    );
  }
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileError(cause, path);
  }
  writeFileAtomically(join(path, 'events.jsonl'), []);
  writeFileAtomically(join(path, 'recipe.json'), [`${JSON.stringify(recipe, null, 2)}\n`]);
  return directory(path, recipe);
}

/**
 * Opens the directory of an existing run. Throws `missing-file` if it contains none, `invalid-data` if its recipe is damaged.
 */
export function openRunDirectory(path: string): RunDirectory {
  const file = join(path, 'recipe.json');
  if (!existsSync(file))
    throw new EspalierError('missing-file', 'contains no run: recipe.json is missing', { where: path });
  const recipe = readJson(file);
  if (isRecipe(recipe)) return directory(path, recipe);
  throw new EspalierError('invalid-data', 'is not the record of a run: expected a command and its options', {
    where: file,
  });
}

const isRecipe = (found: unknown): found is Recipe => {
  const { command, options } = Object(found) as Partial<Recipe>;
  return typeof command === 'string' && typeof options === 'object' && options !== null;
};

/** Throws `usage` unless the resumed run was started with the same options. */
export function checkSameOptions(run: RunDirectory, options: Recipe['options']): void {
  const text = (value: unknown) => JSON.stringify(value) ?? 'nothing';
  const names = new Set([...Object.keys(run.recipe.options), ...Object.keys(options)]);
  for (const name of names) {
    const [before, now] = [text(run.recipe.options[name]), text(options[name])];
    if (before !== now) {
      throw new EspalierError('usage', `cannot resume: ${name} was ${before}, now it is ${now}`, {
        where: run.path,
      });
    }
  }
}

/** Events that precede all steps. */
const beforeSteps: ReadonlySet<string> = new Set(['engines', 'range-test']);

function directory(path: string, recipe: Recipe): RunDirectory {
  const file = join(path, 'events.jsonl');
  const readEvents = () => parseEvents(existsSync(file) ? readBytes(file).toString() : '');
  return {
    path,
    recipe,
    readEvents,
    record(event) {
      try {
        appendFileSync(file, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
      } catch (cause) {
        throw fileError(cause, file);
      }
    },
    rewind(step, epochs = Number.POSITIVE_INFINITY) {
      const isDone = ({ step: at, epoch = 0 }: RunEvent) =>
        at !== undefined && at <= step && Number(epoch) <= epochs;
      const kept = readEvents().filter((event) => beforeSteps.has(event.type) || isDone(event));
      writeFileAtomically(
        file,
        kept.map((event) => `${JSON.stringify(event)}\n`),
      );
    },
  };
}

/** Parses events; the last line may be truncated. */
function parseEvents(text: string): RunEvent[] {
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as RunEvent];
    } catch {
      return [];
    }
  });
}
