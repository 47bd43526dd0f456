import { expect, it } from 'vitest';
import { stepCommands } from '../../../src/commands/index.ts';
import { planSteps } from '../../../src/recipes/plan.ts';
import { parseRecipe } from '../../../src/recipes/recipe-file.ts';
import { openImages } from '../../../studio/engine/images/images.ts';
import { defaultChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { recipeOf } from '../../../studio/engine/take-away/recipe.ts';
import { fold } from '../../../studio/engine/transform/fold.ts';
import { quantize } from '../../../studio/engine/transform/int8.ts';
import { removeResiduals } from '../../../studio/engine/transform/residuals.ts';
import { normals } from '../../support/run-graph.ts';
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

it('a recipe with images names their folder, and is valid for every step', async () => {
  const { session } = await sessionOf(residualNetwork({ width: 16 }));
  await removeResiduals(session, { only: null, middle: 'concat' }, {});
  const preprocessing = { height: 8, width: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  const data = Uint8Array.from(normals([8, 3, 8, 8], 1).data, (x) => 128 + 40 * x);
  const names = Array.from({ length: 8 }, (_, i) => `${i}.png`);
  const images = openImages({ names, pixels: { dtype: 'uint8', shape: [8, 3, 8, 8], data } }, preprocessing);
  await prune(session, { ...choice, recover: [] }, { images, control: {} });
  const version = await quantize(session, { floatLayers: ['fc'] }, { images, control: {} });
  const recipe = parseRecipe(recipeOf(session, version.id), 'steps.json');
  expect(recipe.description).toContain('put the images into the folder images');
  const planned = await planSteps(recipe, { commands: stepCommands, out: 'out', model: 'net.onnx' });
  expect(planned.map(({ line }) => line)).toEqual([
    'espalier rmnet net.onnx --middle concat --out out/01-rmnet-1/model.onnx',
    expect.stringMatching(/ --exclude stem --data images --recover none --out out\/02-prune-2$/),
    'espalier deploy out/02-prune-2/model.onnx --int8 --data images --float-layers fc --out out/03-deploy-3',
  ]);
});
