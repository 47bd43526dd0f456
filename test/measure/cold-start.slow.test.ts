import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coldStarts } from '../../src/measure/cold-start.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { convolutionChain, matrixModel, particularModel } from '../support/timed-models.ts';

describe('coldStarts', () => {
  it('starts bytes and files in fresh processes, whose memory holds at least the weights', async () => {
    const path = join(temporaryFolder(), 'matrix.onnx');
    const weightBytes = 4 * 3000 ** 2;
    writeFileSync(path, matrixModel(3000));
    const [small, large] = await coldStarts([convolutionChain(1), path], { starts: 1 });
    expect(large!.peakMemoryBytes).toBeGreaterThan(weightBytes);
    // What the process needs without the model, 80 MB of it, is not the model's.
    expect(small!.peakMemoryBytes).toBeLessThan(weightBytes / 2);
    for (const { loadMs, firstRunMs } of [small!, large!]) {
      expect(loadMs).toBeGreaterThan(0);
      expect(firstRunMs).toBeGreaterThan(0);
    }
  });

  it('hands on what a process could not do', async () => {
    const wrong = coldStarts([particularModel()], { batch: 4, size: 11, starts: 1 });
    await expect(wrong).rejects.toThrow(/^onnxruntime cannot run the model: .*Reshape/);
    const right = coldStarts([particularModel()], { batch: 4, size: 12, starts: 1 });
    await expect(right).resolves.toHaveLength(1);
  });

  it('stops on a signal, and refuses a model before any process starts', async () => {
    const stopped = coldStarts([convolutionChain(1)], { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    await expect(coldStarts(['none.onnx'])).rejects.toMatchObject({ code: 'missing-file' });
  });
});
