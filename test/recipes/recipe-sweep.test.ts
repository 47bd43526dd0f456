import { describe, expect, it } from 'vitest';
import { stepCommands } from '../../src/commands/index.ts';
import { planSteps, withOverrides } from '../../src/recipes/plan.ts';
import { parseRecipe } from '../../src/recipes/recipe-file.ts';

const recipeOf = (...steps: object[]) => parseRecipe(JSON.stringify({ name: 'mine', steps }), 'mine.json');
const prune = { do: 'prune', model: 'a.onnx', options: { data: 'cifar10', ratio: 0.5 } };

describe('a sweep', () => {
  it('is a step for each combination, the last option changing fastest', () => {
    const { steps } = recipeOf({ ...prune, sweep: { criterion: ['l1-norm', 'taylor'], steps: [1, 4] } });
    expect(steps.map(({ name, options }) => [name, options.criterion, options.steps, options.ratio])).toEqual(
      [
        ['prune-l1-norm-1', 'l1-norm', 1, 0.5],
        ['prune-l1-norm-4', 'l1-norm', 4, 0.5],
        ['prune-taylor-1', 'taylor', 1, 0.5],
        ['prune-taylor-4', 'taylor', 4, 0.5],
      ],
    );
  });

  it('names its steps as it says, dots as dashes', () => {
    const { steps } = recipeOf({ ...prune, name: 'at-{ratio}', sweep: { ratio: [0.25, 0.5] } });
    expect(steps.map(({ name }) => name)).toEqual(['at-0-25', 'at-0-5']);
  });

  it('plans steps that know whose files they read', async () => {
    const recipe = recipeOf(
      { ...prune, name: 'p', sweep: { ratio: [0.25, 0.5] } },
      { do: 'bench', model: ['$p-0-25/model.onnx', '$p-0-5/model.onnx', 'resnet20'] },
    );
    const planned = await planSteps(withOverrides(recipe, ['p-0-5.criterion=random'], stepCommands), {
      commands: stepCommands,
      out: 'out',
    });
    expect(planned.map(({ needs }) => needs)).toEqual([[], [], ['p-0-25', 'p-0-5']]);
    expect(planned[1]!.line).toContain('--criterion random');
  });

  it.each([
    [{ ...prune, sweep: { ratio: [] } }, 'mine.json: steps.1.sweep.ratio: expected at least one value'],
    [{ ...prune, sweep: { ratio: 0.5 } }, 'mine.json: steps.1.sweep.ratio: expected list, found 0.5'],
    [
      { ...prune, name: 'x-{ratio}' },
      'mine.json: steps.1.name: expected a word for the name of a step, found x-{ratio}',
    ],
    [
      { ...prune, name: 'same-{ratio}', sweep: { ratio: [0.5], steps: [1, 2] } },
      'mine.json: steps.1.name: expected a unique name, found same-0-5 twice',
    ],
  ])('%j is refused', (step, message) => {
    expect(() => recipeOf({ ...prune, sweep: { ratio: [0.1, 0.2] } }, step)).toThrow(message);
  });

  it('is named by its place in the file where an option is none', async () => {
    const recipe = recipeOf(
      { ...prune, sweep: { ratio: [0.1, 0.2] } },
      { ...prune, name: 'x', sweep: { ratoi: [1] } },
    );
    await expect(planSteps(recipe, { commands: stepCommands, out: 'out' })).rejects.toThrow(
      'mine.json: steps.1.options.ratoi',
    );
  });
});
