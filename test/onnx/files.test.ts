import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
  const folders = existsSync(debian) ? readdirSync(debian) : [];
  it.each(folders)('%s: every model is written as it was read', (folder) => {
    const files = readdirSync(join(debian, folder), { recursive: true, encoding: 'utf8' });
    const models = files.filter((name) => name.endsWith('.onnx'));
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

/** Before IR 4 initializers had to be inputs as well; they are written as IR 4 without. */
function expectSame(bytes: Uint8Array): void {
  const written = serializeModel(parseModel(bytes));
  if (decoded(bytes).irVersion >= 4n) expect(canonical(written)).toEqual(canonical(bytes));
  else expect(canonical(serializeModel(parseModel(written)))).toEqual(canonical(written));
}
