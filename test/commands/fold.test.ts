import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { runCommand, silent } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const operators = (path: string) => new Set(readModelFile(path).nodes.map(({ op }) => op));

describe('fold', () => {
  it('makes the deployed form of RepVGG, and counts by rewrite', async () => {
    const out = join(temporaryFolder(), 'deployed.onnx');
    const found = await runCommand(foldCommand, ['repvgg-cifar8'], [{ out }]);
    const counts = { leftovers: 0, pad: 0, batchnorm: 14, branches: 7, 'linear-pairs': 0 };
    expect(found).toMatchObject({ out, folded: 21, counts, refusals: [] });
    expect(Number(found.error)).toBeLessThan(1e-5);
    expect(operators(out)).toEqual(new Set(['Conv', 'Relu', 'GlobalAveragePool', 'Flatten', 'Gemm']));
  });

  it('does only what it is told to, and says what it left alone', async () => {
    const out = join(temporaryFolder(), 'folded.onnx');
    const raw = { out, only: 'batchnorm,pad', verify: false };
    const { data, text } = await foldCommand.run(invocationOf(foldCommand, ['repvgg-cifar8'], raw), silent);
    expect(data).toMatchObject({ folded: 14, counts: { pad: 0, batchnorm: 14 }, error: null });
    expect(text).toContain('folded 14 normalisations (not verified)\nleft alone  stage1.0.rbr_identity');
    expect(operators(out)).toContain('BatchNormalization');
  });

  it('refuses a rewrite that there is none of', () => {
    expect(() => invocationOf(foldCommand, ['resnet20'], { out: 'x.onnx', only: 'batchnorm,all' })).toThrow(
      '--only: expected some of batchnorm, linear-pairs, branches, pad, leftovers, separated by commas',
    );
  });
});
