import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stepCommands as commands } from '../commands/index.ts';
import { refuseOption, runsRemotely } from '../commands/remote/allowed.ts';
import { EspalierError } from '../errors.ts';
import { type PlannedStep, planSteps, withOverrides } from '../recipes/plan.ts';
import { readRecipe, shippedRecipes } from '../recipes/recipe-file.ts';
import { recordedPlan } from '../recipes/run-record.ts';
import { openRunDirectory } from '../training/run-directory.ts';
import type { RecipeSummary, StartRequest } from './types.ts';

/** The recipes that the page can start: those that come with Espalier. */
export const startableRecipes = (): RecipeSummary[] =>
  shippedRecipes().map((name) => {
    const { description, steps } = readRecipe(name);
    return { name, description, steps: steps.map((step) => step.name) };
  });

/**
 * The words after `espalier` that start a recipe in a new folder. Throws `usage` if the folder exists, or if a step is not
 * one that workers run.
 */
export async function startWords(request: StartRequest, root: string): Promise<string[]> {
  const { recipe: name, set } = request;
  const out = join(root, request.folder);
  if (!shippedRecipes().includes(name))
    throw new EspalierError('usage', 'is not a recipe that comes with espalier', { where: name });
  if (existsSync(out))
    throw new EspalierError('usage', 'exists already: choose another folder', { where: request.folder });
  const recipe = withOverrides(readRecipe(name), set, commands);
  expectAllowed(await planSteps(recipe, { commands, out }));
  return ['run', name, '--out', out, ...set.flatMap((setting) => ['--set', setting])];
}

/** The words after `espalier` that resume a run. Throws `usage` if its commands are not those that workers run. */
export async function resumeWords(folder: string): Promise<string[]> {
  const { command: name } = openRunDirectory(folder).recipe;
  if (name === 'run') {
    const { recipe, model } = recordedPlan(folder).plan;
    expectAllowed(await planSteps(recipe, { commands, out: folder, model }));
  } else {
    const command = commands.find((known) => known.name === name);
    if (!command || !runsRemotely(command) || !('resume' in command.options))
      throw new EspalierError('usage', `a run of ${name} cannot be resumed here`, { where: folder });
  }
  return [name, '--resume', folder];
}

/** Options that a step's plan sets, and data sets, which workers read under the same path. */
const planned: ReadonlySet<string> = new Set(['out', 'data']);

/** Throws `usage` unless workers would accept the steps: the page can start the same commands. */
function expectAllowed(steps: readonly PlannedStep[]): void {
  for (const { command, name, raw } of steps) {
    if (!runsRemotely(command))
      throw new EspalierError('usage', `the page cannot start ${command.name}`, { where: `step ${name}` });
    for (const [key, value] of Object.entries(raw)) if (!planned.has(key)) refuseOption(command, key, value);
  }
}
