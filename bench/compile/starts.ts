import type { Graph } from '../../src/graph/graph.ts';
import { type CompiledRunner, openCompiledIn } from '../../src/measure/compiled-runner.ts';
import { prepareModels } from '../../src/measure/prepared-model.ts';
import { median } from '../../src/numeric/statistics.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import type { WebPage } from '../../src/runtime/onnxruntime-web/index.ts';
import type { CompiledNetwork } from '../../src/runtime/webassembly/compile.ts';

/** What a new instance or session takes, all bytes being there. */
interface Start {
  readonly loadMs: number;
  readonly firstRunMs: number;
}

export interface Starts {
  readonly compiled: Start;
  readonly ort: Start;
}

const STARTS = 5;

/** Medians of new sessions and instances in turns. */
export async function startsOf(page: WebPage, graph: Graph, network: CompiledNetwork): Promise<Starts> {
  const starts: Starts[] = [];
  for (let i = 0; i < STARTS; i++)
    starts.push({
      ort: await startOf(await openOnnx(page, graph)),
      compiled: await startOf(await openCompiledIn(page, marked(network, i))),
    });
  const middle = (side: 'ort' | 'compiled'): Start => ({
    loadMs: median(starts.map(({ [side]: { loadMs } }) => loadMs)),
    firstRunMs: median(starts.map(({ [side]: { firstRunMs } }) => firstRunMs)),
  });
  return { compiled: middle('compiled'), ort: middle('ort') };
}

async function startOf(runner: Pick<CompiledRunner, 'time' | 'close' | 'loadMs'>): Promise<Start> {
  const firstRunMs = await runner.time(1);
  await runner.close();
  return { loadMs: runner.loadMs, firstRunMs };
}

/** The same module with a custom section of its own: V8 compiles bytes that it has seen only once. */
function marked(network: CompiledNetwork, mark: number): CompiledNetwork {
  const { modules } = network;
  const section = Uint8Array.of(0, 2, 1, 97 + mark);
  return { ...network, modules: { ...modules, relaxed: Buffer.concat([modules.relaxed, section]) } };
}

/** A network in onnxruntime-web, on random inputs. */
export const openOnnx = (page: WebPage, graph: Graph) => {
  const model = serializeModel(graph);
  const [prepared] = prepareModels([model]);
  return page.load(model, prepared!.inputs);
};
