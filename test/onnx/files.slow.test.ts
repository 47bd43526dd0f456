import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { canonical, decoded } from './protobuf.ts';

const shared = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'models');
const debian = '/usr/share/libonnx-testdata/data';

describe.skipIf(!existsSync(shared))('the shared models', () => {
  const names = existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith('.onnx')) : [];
  it.each(names)('%s is written as it was read', (name) => {
    expectSame(readFileSync(join(shared, name)));
  });
});

describe.skipIf(!existsSync(debian))("ONNX's own test models", () => {
  const folders = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];
  it.each(folders)('%s: every model is written as it was read', (folder) => {
    const files = readdirSync(join(debian, folder), { recursive: true, encoding: 'utf8' });
    const models = files.filter((name) => name.endsWith('.onnx'));
    expect(models).not.toHaveLength(0);
    for (const name of models) {
      const bytes = readFileSync(join(debian, folder, name));
      try {
        expectSame(bytes);
      } catch (cause) {
        throw new Error(name, { cause });
      }
    }
  });
});

function expectSame(bytes: Uint8Array): void {
  expect(canonical(serializeModel(parseModel(bytes)))).toEqual(canonical(separated(bytes)));
}

/** Before IR 4 initializers had to be inputs as well; they are written as IR 4 without. */
function separated(bytes: Uint8Array): Uint8Array {
  const model = decoded(bytes);
  const graph = model.graph!;
  if (model.irVersion >= 4n || graph.initializer.length === 0) return bytes;
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => !initializers.has(name));
  return toBinary(ModelProtoSchema, { ...model, irVersion: 4n });
}
