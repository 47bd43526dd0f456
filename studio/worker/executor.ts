import { type Executor, onnxruntimeWeb } from 'espalier/core';
import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';

ort.env.wasm.wasmPaths = { mjs, wasm };
// Threads need memory that is shared, which browsers only allow in isolated pages.
ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
ort.env.logLevel = 'fatal';

/** onnxruntime-web, on all cores if the page is served with the headers for it. Its module is loaded when it is first used. */
export const executor: Executor = onnxruntimeWeb(ort);

/** The version of onnxruntime-web. */
export const engineVersion: string = ort.env.versions.web ?? 'unknown';
