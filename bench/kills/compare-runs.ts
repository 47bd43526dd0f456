import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readModelFile } from '../../src/onnx/index.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** These hold times, or who is at the run. */
const untold = new Set(['events.jsonl', 'report.html', 'recipe.json', 'run.json', 'run.lock']);

const checkpoint = /^checkpoint\.(\d+)\.safetensors$/;

/** The files of a run that its command line decides: models, networks, what is best, the newest checkpoint of each folder. */
function decidedFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const steps = entries.map(({ name }) => Number(checkpoint.exec(name)?.[1] ?? -1));
  const newest = Math.max(...steps);
  return entries.flatMap((entry, at) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return decidedFiles(path);
    return untold.has(entry.name) || (steps[at]! >= 0 && steps[at] !== newest) ? [] : [path];
  });
}

/** The files in which a resumed run differs from one that was never killed. */
export function differences(expected: string, found: string): string[] {
  const [before, after] = [expected, found].map(
    (root) => new Set(decidedFiles(root).map((path) => relative(root, path))),
  ) as [Set<string>, Set<string>];
  return [...new Set([...before, ...after])].filter((path) => {
    if (!before.has(path) || !after.has(path)) return true;
    return !readFileSync(join(expected, path)).equals(readFileSync(join(found, path)));
  });
}

/** Why the model of a run does not compute what another does, if so. */
export async function inequivalence(expected: string, found: string): Promise<string[]> {
  try {
    const [before, after] = [expected, found].map((root) => readModelFile(join(root, 'model.onnx')));
    await verifyEquivalent(before!, after!, { executor: onnxruntime });
    return [];
  } catch (error) {
    return [`model.onnx: ${error instanceof Error ? error.message : error}`];
  }
}
