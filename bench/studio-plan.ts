/**
 * How fast a plan follows the slider of the studio: `npx tsx bench/studio-plan.ts [MODEL]`. Prints the first plan of a version,
 * which prepares the network and scores its channels, and the median of those that follow, by criterion and scope.
 */
import { onnxruntime } from '../src/index.ts';
import { buildModel } from '../src/models/index.ts';
import { median } from '../src/numeric/statistics.ts';
import { serializeModel } from '../src/onnx/index.ts';
import { defaultChoice, type PruneChoice } from '../studio/engine/prune/choice.ts';
import { planPruning } from '../studio/engine/prune/plan.ts';
import { openSession } from '../studio/engine/session.ts';

const [name = 'resnet50'] = process.argv.slice(2);
const bytes = serializeModel(buildModel(name));
const tools = {
  executor: onnxruntime,
  now: () => performance.now(),
  machine: { machine: { processor: '', cores: 1 }, versions: {} },
};

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now();
  const made = await work();
  return [made, performance.now() - started];
}

const [session, openMs] = await timed(() => openSession([{ name: `${name}.onnx`, bytes }], tools));
console.log(`${name}: opened in ${openMs.toFixed(0)} ms`);
const source = { version: session.current, images: null, executor: onnxruntime };
for (const scope of ['local', 'global'] as const) {
  for (const measure of ['macs', 'parameters', 'ratio'] as const) {
    const planAt = (fraction: number) => {
      const choice: PruneChoice = { ...defaultChoice, scope, target: { measure, fraction } };
      return timed(() => planPruning(source, choice));
    };
    const [, first] = await planAt(0.5);
    const times: number[] = [];
    for (let at = 0; at < 15; at++) times.push((await planAt(0.2 + 0.05 * at))[1]);
    console.log(
      `${scope} ${measure}: first ${first.toFixed(0)} ms, then ${median(times).toFixed(0)} ms (${Math.max(...times).toFixed(0)} at most)`,
    );
  }
}
