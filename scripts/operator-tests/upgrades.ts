import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { EspalierError } from '../../src/errors.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { refuseExternalData } from '../../src/onnx/external-data.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { readTensor } from '../../src/onnx/read-tensor.ts';
import { canonicalForm } from '../../src/rewrite/index.ts';
import { exchangedTypes, type Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

export interface UpgradeVerdict {
  /** The opset that the test was recorded in. */
  readonly opset: number;
  /** 'training': recorded in training mode, which the canonical form leaves. 'not run': onnxruntime does not run the test as it is, or gives something else than was recorded. */
  readonly result: 'equal' | 'training' | 'refused' | 'not run' | 'differs';
  readonly detail?: string;
}

/** Whether the canonical form of a test's model gives in onnxruntime what was recorded. */
export async function checkUpgrade(directory: string): Promise<UpgradeVerdict> {
  const graph = readModelFile(join(directory, 'model.onnx'));
  const { '': opset = 0 } = graph.opsets;
  const data = join(directory, 'test_data_set_0');
  const feeds = tensorsOf(graph.inputs, data, 'input');
  const expected = tensorsOf(graph.outputs, data, 'output');
  if (!feeds || !expected || !(await gives(graph, feeds, expected))) return { opset, result: 'not run' };
  try {
    const { graph: canonical, notes } = canonicalForm(graph);
    if (notes.some((note) => note.includes('training mode'))) return { opset, result: 'training' };
    const wanted = new Set(canonical.inputs.map(({ name }) => name));
    const fed = Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name)));
    const difference = await differenceOf(canonical, fed, expected);
    return difference === null
      ? { opset, result: 'equal' }
      : { opset, result: 'differs', detail: difference };
  } catch (error) {
    const refused = error instanceof EspalierError && error.code === 'unsupported';
    return { opset, result: refused ? 'refused' : 'differs', detail: String(error) };
  }
}

async function gives(graph: Graph, feeds: Tensors, expected: Tensors): Promise<boolean> {
  try {
    return (await differenceOf(graph, feeds, expected)) === null;
  } catch {
    return false;
  }
}

async function differenceOf(graph: Graph, feeds: Tensors, expected: Tensors): Promise<string | null> {
  const program = await onnxruntime.compile(graph, { optimization: 'disabled', threads: 1 });
  try {
    const results = await program.run(feeds);
    const wrong = Object.entries(expected).find(([name, tensor]) => !agree(results[name], tensor));
    return wrong ? `${wrong[0]} differs` : null;
  } finally {
    await program.close();
  }
}

function agree(actual: Tensor | undefined, expected: Tensor): boolean {
  if (actual?.shape.join() !== expected.shape.join()) return false;
  const [a, b] = [actual.data, expected.data].map((data) => Array.from(data as ArrayLike<number>, Number));
  return a!.every((element, i) => {
    const wanted = b![i]!;
    return (
      element === wanted ||
      (Number.isNaN(element) && Number.isNaN(wanted)) ||
      Math.abs(element - wanted) <= 1e-5 + 1e-3 * Math.abs(wanted)
    );
  });
}

/** The recorded tensors by name; null where one is missing, or of a type that is not exchanged with onnxruntime. */
function tensorsOf(values: readonly Value[], directory: string, kind: 'input' | 'output'): Tensors | null {
  const found: [string, Tensor][] = [];
  for (const [i, value] of values.entries()) {
    const path = join(directory, `${kind}_${i}.pb`);
    if (value.otherType || !existsSync(path)) {
      if (value.tensor) continue;
      return null;
    }
    const tensor = readTensor(fromBinary(TensorProtoSchema, readFileSync(path)), refuseExternalData);
    if (!exchangedTypes.has(tensor.dtype)) return null;
    found.push([value.name, tensor]);
  }
  return Object.fromEntries(found);
}
