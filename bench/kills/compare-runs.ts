import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** These hold times: only that they are there is compared. */
const timed = new Set(['events.jsonl', 'report.html', 'recipe.json', 'run.json']);

const checkpoint = /^checkpoint\.(\d+)(\.grafted)?\.safetensors$/;

/** The files of a run: models, networks, what is best, the record, the newest checkpoint of each folder. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const orders = entries.map(({ name }) => {
    const [, step, grafted] = checkpoint.exec(name) ?? [];
    return step === undefined ? -1 : 2 * Number(step) + (grafted ? 1 : 0);
  });
  const newest = Math.max(...orders);
  return entries.flatMap((entry, at) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOf(path);
    return orders[at]! >= 0 && orders[at] !== newest ? [] : [path];
  });
}

/** The files in which a resumed run differs from one that was never killed. */
export function differences(expected: string, found: string): string[] {
  const wrong = unmatched(expected, found);
  const same = (path: string) => readFileSync(join(expected, path)).equals(readFileSync(join(found, path)));
  const held = namesOf(expected).filter((path) => !wrong.includes(path));
  return [
    ...wrong,
    ...held.filter((path) => !timed.has(path.split('/').at(-1)!) && !same(path)),
    ...held
      .filter((path) => path.endsWith('events.jsonl'))
      .flatMap((path) => recordDifference(expected, found, path)),
  ];
}

const namesOf = (root: string): string[] => filesOf(root).map((path) => relative(root, path));

/** The files that only one of two runs has. */
function unmatched(expected: string, found: string): string[] {
  const [before, after] = [new Set(namesOf(expected)), new Set(namesOf(found))];
  return [...before, ...after].filter((path) => !before.has(path) || !after.has(path));
}

/** These are recorded by every process, however often a run is resumed. */
const ofProcesses = new Set(['engines', 'start', 'stop']);
/** These tell events of a type apart: the last of each counts. */
const names = ['type', 'epoch', 'number', 'network', 'name'];
/** These are the same however long anything took. */
const untimed = ['step', 'loss', 'trainAccuracy', 'testAccuracy', 'testLoss', 'top1', 'top5'];

/** What the record of a run says beside times, by event, as reports read it. */
function recordOf(path: string): Map<string, string> {
  const events = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const fields = (event: Record<string, unknown>, of: readonly string[]) =>
    JSON.stringify(of.map((field) => event[field]));
  return new Map(
    events
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ type }) => !ofProcesses.has(String(type)))
      .map((event) => [fields(event, names), fields(event, untimed)]),
  );
}

function recordDifference(expected: string, found: string, path: string): string[] {
  const [before, after] = [expected, found].map((root) => recordOf(join(root, path))) as [
    Map<string, string>,
    Map<string, string>,
  ];
  const events = new Set([...before.keys(), ...after.keys()]);
  return [...events].flatMap((event) => {
    const [was, is] = [before.get(event), after.get(event)];
    return was === is ? [] : [`${path}: ${event} was ${was}, became ${is}`];
  });
}

/** Why the model of a run does not compute what another does, or which files only one of them has. */
export async function inequivalence(expected: string, found: string): Promise<string[]> {
  try {
    const [before, after] = [expected, found].map((root) => readModelFile(join(root, 'model.onnx')));
    await verifyEquivalent(before!, after!, { executor: onnxruntime });
    return unmatched(expected, found);
  } catch (error) {
    return [`model.onnx: ${error instanceof Error ? error.message : error}`];
  }
}
