import { type Executor, onnxruntimeWeb, supportedModule } from 'espalier/core';
import { ort } from './onnxruntime-web.ts';

// Threads need memory that is shared, which browsers only allow in isolated pages.
ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;

const onnxruntime = onnxruntimeWeb(ort);

/**
 * onnxruntime-web, on all cores if the page is served with the headers for it. Its module is loaded when it is first used.
 * Throws `runtime` in a browser without SIMD.
 */
export const executor: Executor = {
  ...onnxruntime,
  compile(graph, options) {
    supportedModule();
    return onnxruntime.compile(graph, options);
  },
};

/** The version of onnxruntime-web. */
export const engineVersion: string = ort.env.versions.web ?? 'unknown';
