import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { defaultChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { compiledZip } from '../../../studio/engine/take-away/compiled.ts';
import { reportOf } from '../../../studio/engine/take-away/report.ts';
import { relativeError } from '../../support/relative-error.ts';
import { outputOf } from '../../support/run-graph.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { downloaded, inputOf, sessionOf } from '../../support/studio-session.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function pruned() {
  const { session } = await sessionOf(plainNetwork({ widths: [16, 24] }));
  const version = await prune(session, { ...defaultChoice, round: 1 }, { images: null, control: {} });
  return { session, version };
}

it('the .zip file has a compiled folder that computes what the .onnx file does', async () => {
  const { session, version } = await pruned();
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(unzipSync(await compiledZip(session, version.id, {})))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const { load } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'plain/model.js')).href);
  const compiled = await load();
  const input = inputOf(downloaded(version), 1);
  compiled.inputs.input.set(input.data);
  compiled.run();
  expect(relativeError(compiled.outputs.logits, await outputOf(downloaded(version), input))).toBeLessThan(
    1e-4,
  );
});

it('the report shows costs before and after, widths, layers and what was left alone', async () => {
  const { session, version } = await pruned();
  const page = await reportOf(session, version.id);
  expect(page).toContain('<h1>plain.onnx</h1>');
  expect(page).toContain('espalier run plain-recipe.json plain.onnx');
  for (const part of ['Before and after', 'Widths', 'Layer by layer', 'Left alone'])
    expect(page).toContain(part);
  expect(page).toContain('it is an output of the network');
});
