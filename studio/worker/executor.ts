import { type Executor, onnxruntimeWeb } from 'espalier/core';
import { ort } from './onnxruntime-web.ts';

// Threads need memory that is shared, which browsers only allow in isolated pages.
ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;

/** onnxruntime-web, on all cores if the page is served with the headers for it. Its module is loaded when it is first used. */
export const executor: Executor = onnxruntimeWeb(ort);

/** The version of onnxruntime-web. */
export const engineVersion: string = ort.env.versions.web ?? 'unknown';
