import { expect, it } from 'vitest';
import { stepCommands } from '../../../src/commands/index.ts';
import { planSteps } from '../../../src/recipes/plan.ts';
import { parseRecipe } from '../../../src/recipes/recipe-file.ts';
import { defaultChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { recipeOf } from '../../../studio/engine/take-away/recipe.ts';
import { fold } from '../../../studio/engine/transform/fold.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { sessionOf } from '../../support/studio-session.ts';

const choice = { ...defaultChoice, round: 1, exclude: ['stem'] };
const without = { images: null, control: {} };

it('a recipe has the steps up to the version, not those that were undone', async () => {
  const { session } = await sessionOf(residualNetwork());
  const folded = await fold(session, { only: [] }, {});
  await prune(session, { ...choice, criterion: 'geometric-median', granularity: 'channel' }, without);
  const lines = async (id: number) => {
    const recipe = parseRecipe(recipeOf(session, id), 'steps.json');
    const planned = await planSteps(recipe, { commands: stepCommands, out: 'out', model: 'net.onnx' });
    return planned.map(({ line }) => line);
  };
  expect(await lines(folded.id)).toEqual(['espalier fold net.onnx --out out/01-fold-1/model.onnx']);
  expect(await lines(session.current.id)).toEqual([
    'espalier fold net.onnx --out out/01-fold-1/model.onnx',
    'espalier prune out/01-fold-1/model.onnx --macs 0.5 --criterion geometric-median --granularity channel --scope local --round 1 --floor 0.1 --reduce mean --exclude stem --out out/02-prune-2',
  ]);
});
