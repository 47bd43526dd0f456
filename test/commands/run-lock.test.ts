import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { runCommand } from '../support/run-command.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('a run of a recipe is refused where another process is at it, and removes what killed processes left', async () => {
  const folder = temporaryFolder();
  const [recipe, model, out] = ['recipe.json', 'model.onnx', 'run'].map((name) => join(folder, name));
  writeFileSync(recipe!, JSON.stringify({ name: 'folding', steps: [{ do: 'fold', model: '$in' }] }));
  writeModelFile(plainNetwork(), model!);
  mkdirSync(join(out!, '01-fold'), { recursive: true });
  // On another machine nobody can look whether it runs.
  const lock = join(out!, 'run.lock.elsewhere.7.abc');
  writeFileSync(lock, '{}\n');
  const run = () => runCommand(runRecipe, [recipe!, model!], [{ out: out! }]);
  await expect(run()).rejects.toThrow('process 7 on elsewhere is working on this run');
  expect(existsSync(join(out!, 'recipe.json'))).toBe(false);
  // Process numbers end at 2^22: no process is called so.
  const stale = `run.lock.${encodeURIComponent(hostname())}.99999999.abc`;
  writeFileSync(join(out!, '01-fold', stale), '{}\n');
  writeFileSync(join(out!, '01-fold', 'model.onnx.99999999.partial'), 'half');
  writeFileSync(join(out!, 'report.html.99999999.partial'), 'half');
  rmSync(lock);
  await run();
  const left = readdirSync(out!, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => name.includes('99999999'))).toEqual([]);
  expect(existsSync(join(out!, 'report.html'))).toBe(true);
});
