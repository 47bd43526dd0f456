import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { printGraph } from '../../../src/graph/text/index.ts';
import { readModelFile } from '../../../src/onnx/model-file.ts';
import { runRecipe } from '../../../src/recipes/run.ts';
import { defaultChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { recipeOf } from '../../../studio/engine/take-away/recipe.ts';
import { fold } from '../../../studio/engine/transform/fold.ts';
import { removeResiduals } from '../../../studio/engine/transform/residuals.ts';
import { runCommand } from '../../support/run-command.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { downloaded, sessionOf } from '../../support/studio-session.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const choice = { ...defaultChoice, round: 1, exclude: ['stem'] };
const without = { images: null, control: {} };

it('the exported recipe makes the same network on the command line', async () => {
  const { session, bytes } = await sessionOf(residualNetwork({ width: 16 }));
  await fold(session, { only: ['batchnorm', 'leftovers'] }, {});
  await removeResiduals(session, { only: 'block.add', middle: 'widen' }, {});
  const version = await prune(session, choice, without);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('steps.json'), recipeOf(session, version.id));
  writeFileSync(at('net.onnx'), bytes);
  await runCommand(
    runRecipe,
    [at('steps.json'), at('net.onnx')],
    [{ out: at('run'), set: ['benchSeconds=0.05'] } as never],
  );
  const made = readModelFile(at('run/03-prune-3/model.onnx'));
  expect(printGraph(made)).toBe(printGraph(downloaded(version)));
  expect(made.initializers.map(({ tensor }) => tensor)).toEqual(
    downloaded(version).initializers.map(({ tensor }) => tensor),
  );
  expect(readFileSync(at('net.onnx')).length).toBe(bytes.length);
});
