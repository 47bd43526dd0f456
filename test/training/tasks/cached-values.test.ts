import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { floats, type Tensor } from '../../../src/numeric/tensor.ts';
import { openTraining } from '../../../src/training/open-training.ts';
import { createRunDirectory, makeRecipe } from '../../../src/training/run-directory.ts';
import { type CachePlace, cachedValues } from '../../../src/training/tasks/distillation/cached-values.ts';
import { train } from '../../../src/training/train.ts';
import { detector, headedNetwork } from '../../support/headed-network.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { trainingOptions } from '../../support/training-options.ts';

/** A runner of two values of batches of two images of three numbers: their doubles, and their sum. It counts its runs. */
function counting() {
  const counter = { runs: 0 };
  const run = async (images: Float32Array) => {
    counter.runs++;
    const sum = (at: number) => images[at]! + images[at + 1]! + images[at + 2]!;
    return [
      floats(
        [2, 3],
        Float32Array.from(images, (x) => 2 * x),
      ),
      floats([2], [sum(0), sum(3)]),
    ];
  };
  return { counter, runner: { run, close: async () => {} } };
}

const place = (changes: Partial<CachePlace> = {}): CachePlace => ({
  ...{ folder: temporaryFolder(), key: 'a', images: 4, shapes: [[2, 3], [2]] },
  ...changes,
});
const batch = (...images: number[]) => Float32Array.from(images.flatMap((x) => [x, x / 2, -x]));
const numbers = (values: readonly Tensor[]) => values.map(({ data }) => [...data]);

it('computes the values of an image once, in whatever batch it comes, and in a later process', async () => {
  const at = place();
  const { counter, runner } = counting();
  const first = cachedValues(runner, at);
  for (const images of [batch(1, 2), batch(3, 4), batch(4, 1), batch(2, 2)])
    expect(numbers(await first.run(images))).toEqual(numbers(await counting().runner.run(images)));
  expect(counter.runs).toBe(2);
  await first.close();
  const again = cachedValues(runner, at);
  expect(numbers(await again.run(batch(3, 2)))).toEqual(numbers(await counting().runner.run(batch(3, 2))));
  expect(counter.runs).toBe(2);
  await again.close();
});

it('goes on after a record that was cut off, stores no more than all images, and deletes what another teacher gave', async () => {
  const at = place({ images: 3 });
  const path = join(at.folder, 'teacher-a.cache');
  const { counter, runner } = counting();
  const first = cachedValues(runner, at);
  for (const images of [batch(1, 2), batch(3, 4)]) await first.run(images);
  await first.close();
  const record = 32 + 4 * (3 + 1);
  expect(statSync(path).size).toBe(3 * record);
  truncateSync(path, 3 * record - 5);
  const again = cachedValues(runner, at);
  expect(numbers(await again.run(batch(2, 1)))).toEqual(numbers(await counting().runner.run(batch(2, 1))));
  expect(counter.runs).toBe(2);
  await again.run(batch(3, 1));
  expect([counter.runs, statSync(path).size]).toEqual([3, 3 * record]);
  await again.close();
  const other = cachedValues(runner, { ...at, key: 'b' });
  await other.run(batch(1, 2));
  await other.close();
  expect(readdirSync(at.folder)).toEqual(['teacher-b.cache']);
});

it('training with stored outputs of the teacher equals training without them', async () => {
  const [student, teacher] = [headedNetwork(1, detector), headedNetwork(2, detector)];
  const { network, ...options } = trainingOptions(student);
  const notes: string[] = [];
  const run = createRunDirectory(temporaryFolder(), makeRecipe('train', {}, {}));
  const trained = async (cache?: string) => {
    const distill = { teacher, cache, onNote: (line: string) => void notes.push(line) };
    return train({ ...(await openTraining(network, { ...options, distill })), run: cache ? run : null });
  };
  const [plain, cached] = [await trained(), await trained(run.path)];
  expect(cached.epochs.map(({ loss }) => loss)).toEqual(plain.epochs.map(({ loss }) => loss));
  expect(readdirSync(run.path).filter((name) => name.endsWith('.cache'))).toHaveLength(1);
  expect(notes.at(-1)).toBe("the teacher's outputs are stored: at most 43.0 kB, for 64 images");
  const distill = { teacher, cache: run.path };
  const augmented = openTraining(network, { ...options, augmentation: 'pad-crop-flip', distill });
  await expect(augmented).rejects.toThrow(/`cacheTeacher` needs `augmentation` none/);
});
