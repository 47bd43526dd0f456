import { EspalierError } from '../../errors.ts';
import type { Recipe, RunDirectory } from '../../training/run-directory.ts';
import { version } from '../../version.ts';
import type { Invocation } from '../command.ts';
import { type Flags, missingFlag, type Options } from '../flags.ts';
import type { TrainingFlags } from './flags.ts';

/** What a run is asked to do: the options, defaults filled in, and what cannot be left out. */
export type Settings<F extends Flags> = Omit<Options<F>, 'data' | 'epochs' | 'out'> & {
  readonly model: string;
  /** All of them, where a command takes several. */
  readonly models: readonly string[];
  readonly data: string;
  readonly epochs: number;
  readonly out: string;
};

/** A run that is about to start or to go on. */
export interface PlannedRun<F extends Flags> {
  readonly settings: Settings<F>;
  readonly recipe: Recipe;
  /** The run that is resumed. */
  readonly existing: RunDirectory | null;
}

/** Options that cannot be left out, and how they are typed. */
type Needed = Readonly<Record<string, string>>;

const trainingNeeds: Needed = { data: '--data <name>', epochs: '--epochs <n>', out: '--out <dir>' };

/** Options that change how a run is watched over and not what it computes; `models` stand in `model`. */
const besideTheResult: ReadonlySet<string> = new Set([
  ...['resume', 'checkpointSeconds', 'redis', 'store', 'patience', 'processes', 'models'],
]);

/**
 * The settings of a run: typed options, else those of the recipe where the run is resumed, else defaults. Throws
 * `usage` where something is missing, or where a resumed run was started otherwise.
 */
export async function planRun<F extends TrainingFlags>(
  command: string,
  { args, options, given }: Invocation<F>,
  needed: Needed = trainingNeeds,
): Promise<PlannedRun<F>> {
  const { checkSameOptions, makeRecipe, openRunDirectory } = await import('../../training/run-directory.ts');
  const { resume } = options as Options<TrainingFlags>;
  const existing = resume === undefined ? null : openRunDirectory(resume);
  if (existing && existing.recipe.command !== command) {
    const message = `holds a run of ${existing.recipe.command}: resume it with that command`;
    throw new EspalierError('usage', message, { where: existing.path });
  }
  const before = existing?.recipe.options ?? {};
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    given.has(name as keyof F) ? value : (before[name] ?? value),
  ]);
  const models = args.length > 0 ? args : [before.model ?? []].flat().map(String);
  const settings = complete<F>({ ...Object.fromEntries(entries), model: models[0], models }, needed);
  const recorded = { ...settings, model: models.length > 1 ? models : models[0] };
  const decisive = Object.entries(recorded).filter(([name]) => !besideTheResult.has(name));
  const recipe = makeRecipe(command, Object.fromEntries(decisive), { espalier: version() });
  if (existing) checkSameOptions(existing, recipe.options);
  return { settings, recipe: existing?.recipe ?? recipe, existing };
}

interface Opening extends Pick<PlannedRun<TrainingFlags>, 'recipe' | 'existing'> {
  readonly settings: { readonly out?: string | undefined };
}

/** The folder that holds the record of a run; null where --out names a model, or nothing. */
export async function openRun({ settings, recipe, existing }: Opening): Promise<RunDirectory | null> {
  if (settings.out === undefined || settings.out.endsWith('.onnx')) return null;
  const { createRunDirectory } = await import('../../training/run-directory.ts');
  return existing ?? createRunDirectory(settings.out, recipe);
}

function complete<F extends Flags>(merged: Record<string, unknown>, needed: Needed): Settings<F> {
  if (merged.model === undefined) throw missingFlag('<model>');
  for (const [name, usage] of Object.entries(needed)) {
    if (merged[name] === undefined) throw missingFlag(usage);
  }
  return merged as Settings<F>;
}
