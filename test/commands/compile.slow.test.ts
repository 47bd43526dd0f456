import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { writeModelFile } from '../../src/index.ts';
import { silent } from '../support/run-command.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('is the end of prune --compile, with a hint at what pays', async () => {
  const folder = temporaryFolder();
  const [model, out] = [join(folder, 'model.onnx'), join(folder, 'run')];
  writeModelFile(plainNetwork(), model);
  const raw = { granularity: 'stripe', ratio: '0.5', benchSeconds: '0.05', compile: true };
  const asked = invocationOf(pruneCommand, [model], { ...raw, out });
  const { data, text } = await pruneCommand.run(asked, silent);
  expect(data).toMatchObject({
    compiled: { out: join(out, 'compiled') },
    gain: { macs: { live: expect.any(Number) } },
  });
  expect(text.split('\n').at(-1)).toMatch(/^next .*compiled.model\.js$/);
  const { steps } = JSON.parse(readFileSync(join(out, 'compiled', 'report.json'), 'utf8'));
  const macs = steps.reduce((sum: number, step: { macs: number }) => sum + step.macs, 0);
  const { gain } = data as { gain: { macs: { live: number } } };
  expect(macs).toBe(gain.macs.live);
});
