import { EspalierError } from '../../errors.ts';
import type { Recipe, RunDirectory } from '../../training/run-directory.ts';
import { version } from '../../version.ts';
import type { Invocation } from '../command.ts';
import { type Flags, missingFlag, type Options } from '../flags.ts';

/** Required options, with their flags. */
type Needs<Needed extends string> = Readonly<Record<Needed, string>>;

/** The required options of all commands that train. */
export const trainingNeeds = { data: '--data <name>', epochs: '--epochs <n>', out: '--out <dir>' };

/** The options of a run: with defaults, and without `undefined` for required ones. */
export type Settings<F extends Flags, Needed extends string = keyof typeof trainingNeeds> = Omit<
  Options<F>,
  Needed
> & { readonly [K in Needed & keyof F]: NonNullable<Options<F>[K]> } & {
  readonly model: string;
  /** All models, if a command accepts several. */
  readonly models: readonly string[];
};

/** A run that is about to start or to resume. */
export interface PlannedRun<F extends Flags, Needed extends string = keyof typeof trainingNeeds> {
  readonly settings: Settings<F, Needed>;
  readonly recipe: Recipe;
  /** The run to resume; null for a new run. */
  readonly existing: RunDirectory | null;
}

/** Options that do not affect the result of a run; `models` are represented by `model`. */
const besideTheResult: ReadonlySet<string> = new Set([
  ...['resume', 'checkpointSeconds', 'redis', 'store', 'patience', 'processes', 'models'],
]);

/**
 * The settings of a run: given options, else those of the recipe if the run is resumed, else defaults. Throws `usage` if an
 * option is missing, or if the resumed run was started with other options.
 */
export async function planRun<F extends Flags, Needed extends string>(
  command: string,
  { args, options, given }: Invocation<F>,
  needed: Needs<Needed>,
): Promise<PlannedRun<F, Needed>> {
  const { checkSameOptions, makeRecipe, openRunDirectory } = await import('../../training/run-directory.ts');
  const { resume } = options as { readonly resume?: string };
  const existing = resume === undefined ? null : openRunDirectory(resume);
  if (existing && existing.recipe.command !== command) {
    const message = `contains a run of ${existing.recipe.command}: resume it with that command`;
    throw new EspalierError('usage', message, { where: existing.path });
  }
  const before = existing?.recipe.options ?? {};
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    given.has(name as keyof F) ? value : (before[name] ?? value),
  ]);
  const models = args.length > 0 ? args : [before.model ?? []].flat().map(String);
  const settings = complete<F, Needed>({ ...Object.fromEntries(entries), model: models[0], models }, needed);
  const recorded = { ...settings, model: models.length > 1 ? models : models[0] };
  const decisive = Object.entries(recorded).filter(([name]) => !besideTheResult.has(name));
  const recipe = makeRecipe(command, Object.fromEntries(decisive), { espalier: version() });
  if (existing) checkSameOptions(existing, recipe.options);
  return { settings, recipe: existing?.recipe ?? recipe, existing };
}

interface RunToOpen extends Pick<PlannedRun<Flags>, 'recipe' | 'existing'> {
  readonly settings: { readonly out?: string | undefined };
}

/** Opens the run directory; null if --out names a model, or is absent. */
export async function openRun({ settings, recipe, existing }: RunToOpen): Promise<RunDirectory | null> {
  if (settings.out === undefined || settings.out.endsWith('.onnx')) return null;
  const { createRunDirectory } = await import('../../training/run-directory.ts');
  const { holdRun } = await import('../../training/run-lock.ts');
  await holdRun(existing?.path ?? settings.out);
  return existing ?? createRunDirectory(settings.out, recipe);
}

function complete<F extends Flags, Needed extends string>(
  merged: Record<string, unknown>,
  needed: Needs<Needed>,
): Settings<F, Needed> {
  if (merged.model === undefined) throw missingFlag('<model>');
  for (const [name, usage] of Object.entries<string>(needed)) {
    if (merged[name] === undefined) throw missingFlag(usage);
  }
  return merged as Settings<F, Needed>;
}
