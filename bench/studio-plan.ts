/**
 * How fast a plan follows the slider of the studio: `npx tsx bench/studio-plan.ts [MODEL]`. Prints the first plan of a version,
 * which prepares the network and scores its channels, and the median of those that follow, by scope and measure. Processor time
 * is the same on a busy machine.
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
  surroundings: { machine: { processor: '', cores: 1 }, versions: {} },
};

/** Milliseconds on the clock and of the processor. */
interface Times {
  readonly ms: number;
  readonly processorMs: number;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, Times]> {
  const started = performance.now();
  const { user } = process.cpuUsage();
  const made = await work();
  const processorMs = (process.cpuUsage().user - user) / 1000;
  return [made, { ms: performance.now() - started, processorMs }];
}

const textOf = ({ ms, processorMs }: Times): string =>
  `${ms.toFixed(0)} ms (${processorMs.toFixed(0)} ms of processor time)`;

const [session, opening] = await timed(() => openSession([{ name: `${name}.onnx`, bytes }], tools));
console.log(`${name}: opened in ${textOf(opening)}`);
const source = { version: session.current, images: null, executor: onnxruntime };
for (const scope of ['local', 'global'] as const) {
  for (const measure of ['macs', 'parameters', 'ratio'] as const) {
    const planAt = (fraction: number) => {
      const choice: PruneChoice = { ...defaultChoice, scope, target: { measure, fraction } };
      return timed(() => planPruning(source, choice));
    };
    const [, first] = await planAt(0.5);
    const times: Times[] = [];
    for (let at = 0; at < 15; at++) times.push((await planAt(0.2 + 0.05 * at))[1]);
    const middle = (key: keyof Times) => median(times.map((each) => each[key]));
    const following = { ms: middle('ms'), processorMs: middle('processorMs') };
    console.log(`${scope} ${measure}: first ${textOf(first)}, then ${textOf(following)}`);
  }
}
