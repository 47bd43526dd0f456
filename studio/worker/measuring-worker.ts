import { expose, type ProxyMarked, proxy } from 'comlink';
import { type CompiledNetwork, instantiate, type MeasuredInputs, type Runner } from 'espalier/core';
import { instantiateThreads } from './compiled-threads.ts';
import { ort } from './onnxruntime-web.ts';

/** Loads and times networks, on a number of threads that is fixed by the first .onnx file. */
export interface MeasuringApi {
  openModel(bytes: Uint8Array, inputs: Inputs, threads: number): Promise<Runner & ProxyMarked>;
  openCompiled(network: CompiledNetwork, inputs: Inputs): Promise<Runner & ProxyMarked>;
}

type Inputs = MeasuredInputs['inputs'];

const api: MeasuringApi = {
  async openModel(bytes, inputs, threads) {
    ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ['wasm'],
      logSeverityLevel: 4,
    });
    const feeds = Object.fromEntries(
      inputs.map(([name, { dtype, data, shape }]) => [
        name,
        new ort.Tensor(dtype as 'float32', data as Float32Array, shape),
      ]),
    );
    return runnerOf({ run: () => session.run(feeds), close: () => session.release() });
  },
  async openCompiled(network, inputs) {
    const running = network.threaded
      ? await instantiateThreads(network, network.threaded)
      : { ...(await instantiate(network)), close() {} };
    for (const [name, { data }] of inputs) running.inputs[name]!.set(data as Float32Array);
    return runnerOf(running);
  },
};

interface Running {
  run(): unknown;
  close(): unknown;
}

const runnerOf = ({ run, close }: Running): Runner & ProxyMarked =>
  proxy({
    async time(n: number) {
      const start = performance.now();
      for (let i = 0; i < n; i++) await run();
      return (performance.now() - start) / n;
    },
    async close() {
      await close();
    },
  });

expose(api);
