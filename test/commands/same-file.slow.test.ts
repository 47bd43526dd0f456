import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { espalier } from '../support/command-line.ts';
import { runCommand, silent } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A network with nothing to fold and no residual connection, of an opset that no pipeline works on. */
function plainFile(folder: string): string {
  const b = builderOf(emptyGraph('plain', 13));
  const x = b.input('x', 'float32', ['N', 3, 8, 8]);
  b.output(b.Relu(b.Conv(x, b.constant(filled([4, 3, 3, 3], 0.1)))), 'y');
  const path = join(folder, 'plain.onnx');
  writeFileSync(path, serializeModel(b.graph));
  return path;
}

const writers = { fold: foldCommand, rmnet, prune: pruneCommand, deploy: deployCommand };

describe('a model is not written over itself', () => {
  it.each(Object.entries(writers))('%s', async (name, command) => {
    const folder = temporaryFolder();
    const model = plainFile(folder);
    const before = readFileSync(model);
    mkdirSync(join(folder, 'sub'));
    symlinkSync(model, join(folder, 'sub', 'link.onnx'));
    const flags: Record<string, string> = name === 'prune' ? { ratio: '0.5' } : {};
    for (const out of [model, join(folder, 'sub', '..', 'plain.onnx'), join(folder, 'sub', 'link.onnx')]) {
      await expect(runCommand(command, [model], [{ ...flags, out }])).rejects.toThrow(
        `--out: expected another file than the model itself, got ${out}`,
      );
    }
    expect(readFileSync(model)).toEqual(before);
  });
});

describe('a model that nothing changes', () => {
  it.each(Object.entries({ fold: foldCommand, rmnet }))(
    '%s says so and why, and writes the same bytes',
    async (_, command) => {
      const folder = temporaryFolder();
      const model = plainFile(folder);
      const out = join(folder, 'out.onnx');
      const warnings: string[] = [];
      await runCommand(command, [model], [{ out }, { ...silent, warn: (line) => warnings.push(line) }]);
      expect(readFileSync(out)).toEqual(readFileSync(model));
      expect(warnings.join()).toMatch(/is the same file: (it has no|the network has none)/);
    },
  );
});

describe('a comparison that fails', () => {
  it('names the flag that writes all the same', async () => {
    const folder = temporaryFolder();
    // 0 · ∞ is NaN before folding and 0 after: nothing equal can be written.
    const b = builderOf(emptyGraph('wrong'));
    const x = b.input('x', 'float32', ['N', 3, 8, 8]);
    const conv = b.Conv(x, b.constant(filled([4, 3, 1, 1], 3e38)));
    const [scale, shift, mean, variance] = [1e-30, 0, 1, 1].map((value) => b.constant(filled([4], value)));
    b.output(b.BatchNormalization(conv, scale!, shift!, mean!, variance!), 'y');
    const model = join(folder, 'wrong.onnx');
    writeFileSync(model, serializeModel(b.graph));
    const failed = await espalier(['fold', model, '--out', join(folder, 'out.onnx')]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('(--no-verify writes it all the same)');
    const written = await espalier(['fold', model, '--no-verify', '--out', join(folder, 'out.onnx')]);
    expect(written.code).toBe(0);
  });
});
