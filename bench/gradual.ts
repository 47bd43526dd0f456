/**
 * What gradual pruning costs while a network trains: CPU seconds of a training step with masks and scores, in turns with a plain one, at
 * several parts of the MACs (masked channels taken out), and seconds of one masking. CPU time counts what a machine with other
 * work takes as well.
 * `npm run bench:gradual -- [--network resnet20-b] [--batch 128] [--threads 1] [--rounds 5] [--steps 6]`.
 */
import { parseArgs } from 'node:util';
import { staticShape } from '../src/graph/graph.ts';
import { buildModel } from '../src/models/index.ts';
import { random } from '../src/numeric/random.ts';
import { randomTensor } from '../src/numeric/random-tensor.ts';
import { median } from '../src/numeric/statistics.ts';
import { chooseSets } from '../src/pruning/gradual/choose-sets.ts';
import { maskExtension } from '../src/pruning/gradual/mask-extension.ts';
import { openMovingScores } from '../src/pruning/gradual/moving-scores.ts';
import type { ReducedNetwork } from '../src/pruning/gradual/prunable-sets.ts';
import { tiedCosts } from '../src/pruning/gradual/tied-costs.ts';
import { tiedSets } from '../src/pruning/gradual/tied-sets.ts';
import { prepareChannels } from '../src/pruning/prepared-network.ts';
import { setCounts } from '../src/pruning/ranking/units.ts';
import { bindDimensions } from '../src/rewrite/index.ts';
import { chooseExecutor } from '../src/runtime/choose.ts';
import { onnxruntime } from '../src/runtime/onnxruntime/index.ts';
import { classification } from '../src/training/tasks/classification.ts';
import { openTrainingStep } from '../src/training/training-step.ts';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet20-b' },
    batch: { type: 'string', default: '128' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '6' },
  },
});
const [batch, threads, rounds, steps] = [values.batch, values.threads, values.rounds, values.steps].map(
  Number,
) as [number, number, number, number];

const prepared = await prepareChannels(buildModel(values.network), onnxruntime);
const sets = tiedSets(prepared, prepared.graph.outputs);
const costs = await tiedCosts(prepared, { measure: 'macs', per: 'macs' });
const candidates = sets.units.flatMap((unit) => unit.sets.filter((root) => !unit.reasons.has(root)));

/** Channel sets without which a part of the MACs is left, and the seconds that choosing them takes. */
async function chosenFor(part: number) {
  const { uniform } = random(1);
  const scores = new Map(candidates.map((root) => [root, uniform()]));
  const rules = { scope: 'global', round: 1, floor: 0.1, layerRatios: [] } as const;
  const limit = { limit: part, rules: { ...rules, original: setCounts(sets.units) } };
  const started = performance.now();
  const removed = await chooseSets({ sets, costs }, { masked: new Set(), settled: new Set(), scores }, limit);
  return { removed, seconds: (performance.now() - started) / 1000 };
}

interface Timed {
  readonly title: string;
  /** The median of some steps, in CPU seconds. */
  time(): Promise<number>;
  readonly times: number[];
}

/** A step of a network, with masks and scores where there are places for them. */
async function timed(
  title: string,
  { network, places }: Pick<ReducedNetwork, 'network' | 'places'>,
): Promise<Timed> {
  const model = bindDimensions(network, batch);
  const step = await openTrainingStep(model, {
    task: classification(),
    ...{ optimizer: 'sgd', momentum: 0.9, weightDecay: 1e-4, threads },
    extensions: places.length > 0 ? [maskExtension(() => places)] : [],
    executor: (await chooseExecutor()).executor,
  });
  const shape = staticShape(model.inputs[0]!);
  const images = randomTensor({ name: 'images', dtype: 'float32', shape }, random(1)).data as Float32Array;
  const { integer } = random(2);
  const labels = BigInt64Array.from({ length: batch }, () => BigInt(integer(10)));
  const scores = openMovingScores(candidates);
  const once = async () => {
    const started = process.cpuUsage();
    await step.run({ images, labels, scalars: { learningRate: 0.01, step: 1 }, keys: [1] });
    if (places.length > 0) scores.add(places, step.state(), new Set());
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
  const time = async () => {
    await once();
    const all: number[] = [];
    for (let i = 0; i < steps; i++) all.push(await once());
    return median(all);
  };
  return { title, time, times: [] };
}

const whole = sets.without(new Set());
const contenders = [
  await timed('plain', { network: whole.network, places: [] }),
  await timed('nothing removed', whole),
];
for (const part of [0.75, 0.5]) {
  const { removed, seconds } = await chosenFor(part);
  console.log(`choosing the channels of ${100 * part} % of the MACs: ${seconds.toFixed(3)} s`);
  contenders.push(await timed(`${100 * part} % of the MACs left`, sets.without(removed)));
}
for (let round = 0; round < rounds; round++)
  for (const contender of contenders) contender.times.push(await contender.time());
const [plain] = contenders;
for (const { title, times } of contenders) {
  const ratios = times.map((seconds, i) => seconds / plain!.times[i]!);
  const spread = `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`;
  console.log(
    `${title}: ${median(times).toFixed(4)} CPU s a step, ${median(ratios).toFixed(3)} of a plain step (${spread})`,
  );
}
process.exit(0);
