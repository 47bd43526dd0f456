import { join } from 'node:path';
import { type Command, invocationOf } from '../commands/command.ts';
import type { RawValue } from '../commands/flags.ts';
import { EspalierError } from '../errors.ts';
import { commandLine } from '../report/command-line.ts';
import { closestName } from '../suggest.ts';
import { overridden } from './overrides.ts';
import type { OptionValue, RecipeFile, RecipeStep } from './recipe-file.ts';
import { rawValue, spellingOf, spellingsOf } from './typed-options.ts';

/** A step that is ready to run. */
export interface PlannedStep {
  readonly name: string;
  readonly command: Command;
  /** The folder for the step's output: `DIR/01-train`. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, RawValue>>;
  /** The command line of the step. */
  readonly line: string;
  /** The names of earlier steps whose files it reads. */
  readonly needs: readonly string[];
}

export interface Surroundings {
  readonly commands: readonly Command[];
  /** The folder of the whole run. */
  readonly out: string;
  /** The value of `$in`. */
  readonly model?: string | undefined;
}

/** The recipe with replaced options (see {@link overridden}). Throws `usage` for an unknown command or option. */
export function withOverrides(
  recipe: RecipeFile,
  settings: readonly string[],
  commands: readonly Command[],
): RecipeFile {
  const flags = recipe.steps.map((step, i) =>
    spellingsOf(commandOf(step, commands, placeOf(recipe, i)).options),
  );
  const takes = ({ name }: RecipeStep, option: string) =>
    flags[recipe.steps.findIndex((step) => step.name === name)]!.has(option);
  return { ...recipe, steps: overridden(recipe.steps, settings, takes) };
}

/** The command lines of all steps, validated like typed command lines before anything runs. Throws `usage`. */
export async function planSteps(recipe: RecipeFile, surroundings: Surroundings): Promise<PlannedStep[]> {
  refuseUnusedModel(recipe, surroundings);
  const planned: PlannedStep[] = [];
  for (const [i, step] of recipe.steps.entries()) {
    const where = placeOf(recipe, i);
    const made = planStep(step, { ...surroundings, where, earlier: planned });
    await checkStep(made, where);
    planned.push(made);
  }
  return planned;
}

const placeOf = ({ source, steps }: RecipeFile, index: number): string =>
  `${source}: steps.${steps[index]!.at ?? index}`;

interface StepContext extends Surroundings {
  readonly where: string;
  readonly earlier: readonly PlannedStep[];
}

function planStep(step: RecipeStep, place: StepContext): PlannedStep {
  const { commands, where, earlier, out } = place;
  const command = commandOf(step, commands, where);
  const folder = join(out, `${String(earlier.length + 1).padStart(2, '0')}-${step.name}`);
  const args = step.model.map((text) => resolved(text, `${where}.model`, place));
  checkArguments(command, args, where);
  const raw: Record<string, RawValue> = {};
  const typed: Record<string, RawValue> = {};
  refuseFlagsOfOneCommand(step, where);
  const options = { ...step.options, ...outOption(command, folder) };
  for (const [name, value] of Object.entries(options)) {
    const at = `${where}.options.${name}`;
    const spelling = spellingOf(command, name, at);
    const given = rawValue(spelling, withReferences(value, at, place), at);
    if (given === undefined) continue;
    raw[spelling.key] = given;
    typed[spelling.word.slice('--'.length)] = given === false ? true : given;
    located(at, () => spelling.flag.read(given));
  }
  const line = commandLine({ command: command.name, options: { model: args, ...typed } });
  return { name: step.name, command, folder, args, raw, line, needs: needsOf(step) };
}

function commandOf(step: RecipeStep, commands: readonly Command[], where: string): Command {
  const known = commands.find(({ name }) => name === step.do);
  if (known) return known;
  const closest = closestName(
    step.do,
    commands.map(({ name }) => name),
  );
  const hint = closest ? ` (did you mean ${closest}?)` : '';
  throw new EspalierError('usage', `expected a command, found ${JSON.stringify(step.do)}${hint}`, {
    where: `${where}.do`,
  });
}

/** Flags that only make sense for a single command, with the reason why a step cannot have them. */
const flagsOfOneCommand: Readonly<Record<string, string>> = {
  out: 'each step has its own folder',
  resume: 'each step resumes by itself',
  plan: 'it writes nothing, so that the steps after it have no model',
  explain: 'it writes nothing, so that the steps after it have no model',
};

function refuseFlagsOfOneCommand({ options, do: command }: RecipeStep, where: string): void {
  for (const [name, reason] of Object.entries(flagsOfOneCommand)) {
    if (!Object.hasOwn(options, name) || String(options[name]) === 'false') continue;
    const message = `a step of a recipe cannot use --${name} of ${command}: ${reason}: leave ${name} out`;
    throw new EspalierError('usage', message, { where: `${where}.options.${name}` });
  }
}

/** The output option of a step: its folder, or a model in it. Commands that can be resumed have a folder of their own. */
function outOption({ options, arguments: wanted }: Command, folder: string): Record<string, OptionValue> {
  if (!options.out) return {};
  if (options.resume || options.out.usage.endsWith('<dir>')) return { out: folder };
  const isModel = options.out.usage.endsWith('<file>') && wanted.some(({ name }) => name === '<model>');
  return isModel ? { out: join(folder, 'model.onnx') } : {};
}

function checkArguments({ arguments: wanted, name }: Command, args: readonly string[], where: string): void {
  const least = wanted.filter((argument) => argument.name.startsWith('<')).length;
  const most = wanted.some((argument) => argument.name.includes('...')) ? Infinity : wanted.length;
  if (args.length >= least && args.length <= most) return;
  const expected = wanted.map((argument) => argument.name).join(' ') || 'nothing';
  const found = args.length === 0 ? 'nothing' : args.join(' ');
  throw new EspalierError('usage', `expected ${expected} for ${name}, found ${found}`, {
    where: `${where}.model`,
  });
}

function withReferences(value: OptionValue, where: string, place: StepContext): OptionValue {
  if (typeof value === 'string') return resolved(value, where, place);
  if (typeof value !== 'object') return value;
  return value.map((one) => (typeof one === 'string' ? resolved(one, where, place) : one));
}

const REFERENCE = /^\$([\w-]+)([\\/].*)?$/;

/** The steps that a step refers to. They must be earlier ones. */
function needsOf({ model, options }: RecipeStep): string[] {
  const words = [...model, ...Object.values(options).flat()].map(String);
  const names = words.flatMap((word) => REFERENCE.exec(word)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name !== 'in');
}

/** Resolves `$name/rest` to a file of an earlier step, and `$in` to the model given for the recipe. */
function resolved(text: string, where: string, { earlier, model }: StepContext): string {
  const [, name, rest = ''] = REFERENCE.exec(text) ?? [];
  if (!text.startsWith('$')) return text;
  if (name === 'in' && model === undefined)
    throw new EspalierError('usage', 'missing <model>: the recipe reads it as $in', { where });
  if (name === 'in') return `${model}${rest}`;
  const step = earlier.find((candidate) => candidate.name === name);
  if (step) return `${step.folder}${rest}`;
  const known = [...earlier.map((candidate) => `$${candidate.name}`), '$in'].join(', ');
  throw new EspalierError('usage', `expected an earlier step (${known}), found ${text}`, { where });
}

function refuseUnusedModel({ steps, source }: RecipeFile, { model }: Surroundings): void {
  const readsModel = /"\$in["\\/]/.test(JSON.stringify(steps));
  if (model === undefined || readsModel) return;
  throw new EspalierError('usage', `expected no model, because no step reads $in, found ${model}`, {
    where: source,
  });
}

async function checkStep({ command, args, raw }: PlannedStep, where: string): Promise<void> {
  const invocation = located(where, () => invocationOf(command, args, raw));
  try {
    await command.check?.(invocation);
  } catch (cause) {
    throw atPlace(cause, where);
  }
}

function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw atPlace(cause, where);
  }
}

const atPlace = (cause: unknown, where: string): unknown =>
  cause instanceof EspalierError ? new EspalierError(cause.code, cause.message, { where, cause }) : cause;
