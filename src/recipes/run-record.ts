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

/** What a run of a recipe does: its steps after `--set`, and what `$in` stands for. */
export interface RecipeRunPlan {
  readonly recipe: RecipeFile;
  readonly model?: string | undefined;
}

/** `recipe.json` of such a run. */
type PlannedRecipe = Recipe & { readonly plan: RecipeRunPlan };

/** The plan that is recorded in a folder, and the folder; throws `usage` where it holds another command's run. */
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
 * The record of a run in its folder, which this process holds from then on: a new one, or the one that is there if it has the
 * same plan; else throws `usage`.
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
