/** Compiles one ONNX file to WebAssembly and prints what became of it, a line of JSON: `compile.ts FILE`. */
import { prepareForCompilation } from '../../src/compile/prepare.ts';
import { verifyCompiled } from '../../src/compile/verify.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { formsOf } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { compileNetwork } from '../../src/runtime/webassembly/compile.ts';
import { supportedModules } from '../../src/runtime/webassembly/instantiate.ts';
import type { Compiled } from './compiled-row.ts';

async function compiled(path: string): Promise<Compiled> {
  const forms = await formsOf(readModelFile(path), onnxruntime);
  const prepared = await prepareForCompilation(forms, { executor: onnxruntime });
  const started = performance.now();
  const network = compileNetwork(prepared.graph);
  const compileMs = performance.now() - started;
  const verified = { ...prepared, network, weights: 'float32', modules: supportedModules() } as const;
  const { error } = await verifyCompiled(verified, onnxruntime);
  return {
    error,
    steps: network.steps.length,
    wasmBytes: network.modules.relaxed.length,
    memoryBytes: network.memoryBytes,
    compileMs,
  };
}

console.log(JSON.stringify(await compiled(process.argv[2] ?? '')));
