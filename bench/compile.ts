/**
 * Compiled networks beside onnxruntime-web, in turns in one Chromium on one thread. See bench/README.md; run with
 * `npm run bench:compile -- --help`.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import picomatch from 'picomatch';
import { failureOf } from '../src/cli/failure.ts';
import { type Tuner, tuneTiles } from '../src/compile/tune.ts';
import { EspalierError } from '../src/errors.ts';
import type { Graph } from '../src/graph/graph.ts';
import { openCompiledIn } from '../src/measure/compiled-runner.ts';
import { openTimings } from '../src/measure/timings.ts';
import { readModelFile } from '../src/onnx/model-file.ts';
import { openWebRuntime, type WebPage } from '../src/runtime/onnxruntime-web/index.ts';
import { compileNetwork } from '../src/runtime/webassembly/compile.ts';
import {
  compareCompiled,
  type MeasureOptions,
  measureNetwork,
  type NetworkResult,
  type Ratio,
} from './compile/measure.ts';
import {
  type BenchedNetwork,
  namedNetwork,
  networkNames,
  plainResnet20,
  shapedNetwork,
} from './compile/networks.ts';
import { layerTable, ratioText, speedTable, startTable } from './compile/tables.ts';

const usage = `usage: npm run bench:compile -- [options]

  --only GLOB    some of ${networkNames.join(', ')} (default: all)
  --shapes FILE  a network with learned shapes, as bench/shapes-of-run.ts writes it; repeatable
  --tune         tiles are timed in the same Chromium, once on this machine, instead of predicted
  --seconds S    of the rounds of each network (default 10)
  --layers       each layer's kernel, MACs, latency, GFLOP/s and share of peak
  --json         one JSON document on stdout`;

const parsed = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '*' },
      shapes: { type: 'string', multiple: true, default: [] },
      tune: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '10' },
      layers: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;

type Options = ReturnType<typeof parsed>;

interface Benchmarked {
  readonly results: readonly (readonly [name: string, NetworkResult])[];
  /** ResNet-20 after residual removal ÷ with its residual connections; null where ResNet-20 is not measured. */
  readonly plain: Ratio | null;
  readonly engine: string;
}

async function benchmark({ only, shapes, tune, seconds: given }: Options): Promise<Benchmarked> {
  const seconds = Number(given);
  if (!(seconds > 0))
    throw new EspalierError('usage', `--seconds: expected a positive number, found ${given}`);
  const named = networkNames.filter((name) => picomatch.isMatch(name, only));
  if (named.length + shapes.length === 0)
    throw new EspalierError('usage', `--only: expected some of ${networkNames.join(', ')}, found ${only}`);
  // Read first: a file that is missing is named before anything is measured.
  const files = shapes.map((path) => [basename(path), readModelFile(path)] as const);
  const runtime = await openWebRuntime();
  try {
    const page = await runtime.openPage(1);
    const tuner: Tuner = {
      engine: runtime.browserVersion,
      timings: openTimings(),
      openCompiled: (network) => openCompiledIn(page, network),
    };
    const compile = async (graph: Graph) =>
      compileNetwork(graph, { chooseTile: tune ? await tuneTiles(graph, tuner) : undefined });
    const networks: readonly (readonly [string, () => Promise<BenchedNetwork>])[] = [
      ...named.map((name) => [name, () => namedNetwork(name)] as const),
      ...files.map(([name, graph]) => [name, () => shapedNetwork(graph)] as const),
    ];
    const results: [string, NetworkResult][] = [];
    for (const [name, network] of networks) {
      process.stderr.write(`${name}\n`);
      results.push([name, await measureNetwork(page, await network(), { seconds, compile })]);
    }
    const plain = named.includes('resnet20') ? await plainRatio(page, { seconds, compile }) : null;
    return { results, plain, engine: runtime.version };
  } finally {
    await runtime.close();
  }
}

async function plainRatio(page: WebPage, options: MeasureOptions): Promise<Ratio> {
  const { dense } = await namedNetwork('resnet20');
  return compareCompiled(page, [await plainResnet20(), dense], options);
}

function document({ results, plain, engine }: Benchmarked, { layers: shown }: Options) {
  const networks = results.map(([name, { dense, half, promiseKept, starts, layers, ...rest }]) => [
    name,
    {
      dense: dense.median,
      half: half.median,
      promiseKept: promiseKept.median,
      spreads: { dense: dense.spread, half: half.spread, promiseKept: promiseKept.spread },
      loadMs: starts.compiled.loadMs,
      firstRunMs: starts.compiled.firstRunMs,
      ortLoadMs: starts.ort.loadMs,
      ortFirstRunMs: starts.ort.firstRunMs,
      ...rest,
      ...(shown && { layers }),
    },
  ]);
  return { networks: Object.fromEntries(networks), plainResnet20: plain, engine };
}

function text({ results, plain, engine }: Benchmarked, { layers: shown }: Options): string {
  const layers = results.flatMap(([name, { layers }]) => [
    `${name}, dense\n${layerTable(layers.dense)}`,
    `${name}, half\n${layerTable(layers.half)}`,
  ]);
  return [
    ...(shown ? layers : []),
    speedTable(results),
    startTable(results),
    ...(plain ? [`ResNet-20 after rmnet, compiled, ÷ the residual one compiled: ${ratioText(plain)}`] : []),
    `medians and quartiles, one thread, ${engine}`,
  ].join('\n\n');
}

try {
  const options = parsed(process.argv.slice(2));
  if (options.help) console.log(usage);
  else {
    const found = await benchmark(options);
    console.log(options.json ? JSON.stringify(document(found, options), null, 2) : text(found, options));
  }
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`error: ${failure?.message ?? (error as Error).message}\n`);
  process.exitCode = failure?.exitCode ?? 1;
}
