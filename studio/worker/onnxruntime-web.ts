import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';

ort.env.wasm.wasmPaths = { mjs, wasm };
ort.env.logLevel = 'fatal';

/** onnxruntime-web with the files of the page. Its number of threads is fixed when the first network is loaded. */
export { ort };
