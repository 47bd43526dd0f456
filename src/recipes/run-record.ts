import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import {
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
  type Recipe,
  type RunDirectory,
} from '../training/run-directory.ts';
import { holdRun } from '../training/run-lock.ts';
import { version } from '../version.ts';
import type { RecipeFile, RecipeStep } from './recipe-file.ts';

/** The steps of a recipe run, after `--set`, and the value of `$in`. */
export interface RecipeRunPlan {
  readonly recipe: RecipeFile;
  readonly model?: string | undefined;
}

/** The contents of `recipe.json` for a recipe run. */
type PlannedRecipe = Recipe & { readonly plan: RecipeRunPlan };

/** The folder of a run and the plan recorded in it. Throws `usage` if it contains a run of another command. */
export function recordedPlan(path: string): { readonly run: RunDirectory; readonly plan: RecipeRunPlan } {
  const run = openRunDirectory(path);
  const { plan, command } = run.recipe as PlannedRecipe;
  if (command === 'run' && plan?.recipe) return { run, plan };
  throw new EspalierError('usage', `contains a run of ${command}: resume it with that command`, {
    where: path,
  });
}

export interface RecordSettings {
  readonly out: string;
  readonly set: readonly string[];
}

/**
 * Opens the record of a run in its folder, and locks the folder: creates it, or reuses an existing record with the same plan.
 * Throws `usage` if the plans differ.
 */
export async function openRecord(plan: RecipeRunPlan, { out, set }: RecordSettings): Promise<RunDirectory> {
  await holdRun(out);
  if (existsSync(join(out, 'recipe.json'))) {
    const { run, plan: before } = recordedPlan(out);
    refuseOther(before, plan, out);
    return run;
  }
  const { recipe, model } = plan;
  const words = [recipe.source, ...(model === undefined ? [] : [model])];
  const options = { model: words, ...(set.length > 0 ? { set } : {}), out };
  const made: PlannedRecipe = { ...makeRecipe('run', options, { espalier: version() }), plan };
  return createRunDirectory(out, made);
}

function refuseOther(before: RecipeRunPlan, now: RecipeRunPlan, where: string): void {
  const differ = (what: string, [was, is]: readonly [unknown, unknown]) => {
    const text = (value: unknown) => JSON.stringify(value) ?? 'nothing';
    if (text(was) === text(is)) return;
    throw new EspalierError('usage', `cannot resume: ${what} was ${text(was)}, now it is ${text(is)}`, {
      where,
    });
  };
  differ('the model', [before.model, now.model]);
  const names = ({ recipe }: RecipeRunPlan) => recipe.steps.map(({ name }) => name);
  differ('the list of steps', [names(before), names(now)]);
  now.recipe.steps.forEach((step, i) => {
    const [old, is] = [settingsOf(before.recipe.steps[i]!), settingsOf(step)];
    for (const key of new Set([...Object.keys(old), ...Object.keys(is)]))
      differ(`${key} of step ${step.name}`, [old[key], is[key]]);
  });
}

const settingsOf = (step: RecipeStep): Readonly<Record<string, unknown>> => ({
  command: step.do,
  model: step.model,
  ...step.options,
});
