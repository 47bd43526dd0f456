import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { makeConstant } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { parseModel } from '../../src/onnx/index.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { residualNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { decoded, modelBytes } from './protobuf.ts';

/** A model with one float32 tensor [2] that lies where the entries say. */
function outside(entries: Readonly<Record<string, string>>): Uint8Array {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return modelBytes({ initializer: [{ name: 'w', dims: [2n], dataType: 1, dataLocation: 1, externalData }] });
}

function folderWith(model: Uint8Array): { folder: string; path: string } {
  const folder = join(temporaryFolder(), 'model');
  mkdirSync(folder);
  const path = join(folder, 'model.onnx');
  writeFileSync(path, model);
  return { folder, path };
}

const bytes = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);

describe('tensors beside the model', () => {
  it('are written there and read again', () => {
    const path = join(temporaryFolder(), 'network.onnx');
    const graph = residualNetwork({ width: 16 });
    writeModelFile(graph, path, { externalData: 'always' });
    const again = readModelFile(path);
    const tensors = (of: typeof graph) => of.initializers.map(({ name, tensor }) => ({ name, tensor }));
    expect(tensors(again)).toEqual(tensors(graph));
    expect(statSync(path).size).toBeLessThan(statSync(`${path}.data`).size);
  });

  it('stand at multiples of 4096, once where two initializers share them; small ones stay inside', () => {
    const path = join(temporaryFolder(), 'network.onnx');
    const graph = residualNetwork();
    const large = floats([500], new Float32Array(500).fill(3));
    graph.initializers.push(
      makeConstant('a', large),
      makeConstant('b', large),
      makeConstant('c', floats([1], [7])),
    );
    writeModelFile(graph, path, { externalData: 'always' });
    const stored = decoded(readFileSync(path)).graph!.initializer;
    const entries = (name: string) => {
      const tensor = stored.find((candidate) => candidate.name === name)!;
      return Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
    };
    expect(entries('a')).toMatchObject({ location: 'network.onnx.data', length: '2000' });
    expect(Number(entries('a').offset) % 4096).toBe(0);
    expect(entries('b')).toEqual(entries('a'));
    expect(entries('c')).toEqual({});
  });

  it('are not needed below 1.9 GB', () => {
    const path = join(temporaryFolder(), 'network.onnx');
    writeModelFile(residualNetwork(), path);
    expect(existsSync(`${path}.data`)).toBe(false);
  });

  it('are read at their offset, to the end of what their shape needs', () => {
    const { folder, path } = folderWith(outside({ location: 'sub/w.bin', offset: '4', length: '8' }));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'w.bin'), bytes(1, 2, 3, 4));
    expect(readModelFile(path).initializers[0]!.tensor!.data).toEqual(Float32Array.of(2, 3));
    writeFileSync(path, outside({ location: 'sub/w.bin' }));
    expect(readModelFile(path).initializers[0]!.tensor!.data).toEqual(Float32Array.of(1, 2));
  });

  it('are asked of the reader that was given, where the model comes as bytes', () => {
    const externalData = vi.fn(() => bytes(2, 3));
    const model = outside({ location: 'sub/w.bin', offset: '4' });
    expect(parseModel(model, { externalData }).initializers[0]!.tensor!.data).toEqual(Float32Array.of(2, 3));
    expect(externalData.mock.calls).toEqual([[{ location: 'sub/w.bin', offset: 4, length: 8, where: 'w' }]]);
  });

  it('survive that their own file is written over', () => {
    const path = join(temporaryFolder(), 'network.onnx');
    const graph = residualNetwork({ width: 16 });
    writeModelFile(graph, path, { externalData: 'always' });
    writeModelFile(readModelFile(path), path, { externalData: 'always' });
    expect(readModelFile(path).initializers.map(({ tensor }) => tensor)).toEqual(
      graph.initializers.map(({ tensor }) => tensor),
    );
  });
});

describe('external data that is refused', () => {
  it.each([
    ['a location above the folder', { location: '../secret' }],
    ['one above the folder by a detour', { location: 'sub/../../secret' }],
    ['one with backslashes', { location: 'sub\\..\\..\\secret' }],
    ['an absolute location', { location: '/etc/hostname' }],
    ['an empty location', { location: '' }],
    ['no location', {}],
    ['the folder itself', { location: '.' }],
    ['a location with a zero byte', { location: 'w.bin\0' }],
    ['a link out of the folder', { location: 'link.bin' }],
    ['a path through a link out of the folder', { location: 'linked/secret' }],
    ['a negative offset', { location: 'w.bin', offset: '-4' }],
    ['an offset that is no number', { location: 'w.bin', offset: 'x' }],
    ['a length that is no number', { location: 'w.bin', length: 'x' }],
    ['a length other than the shape needs', { location: 'w.bin', length: '4' }],
    ['an offset behind the end', { location: 'w.bin', offset: '9007199254740991' }],
    ['a file that is too short', { location: 'short.bin' }],
  ])('%s', (_, entries) => {
    const { folder, path } = folderWith(outside(entries as Record<string, string>));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, '..', 'secret'), bytes(1, 2));
    writeFileSync(join(folder, 'w.bin'), bytes(1, 2));
    writeFileSync(join(folder, 'short.bin'), bytes(1));
    symlinkSync(join(folder, '..', 'secret'), join(folder, 'link.bin'));
    symlinkSync(join(folder, '..'), join(folder, 'linked'));
    expect(() => readModelFile(path)).toThrow(
      expect.objectContaining({ code: 'invalid-model', message: expect.stringContaining('model.onnx: w: ') }),
    );
  });

  it('a missing file is named', () => {
    const { path } = folderWith(outside({ location: 'gone.bin' }));
    expect(() => readModelFile(path)).toThrow(
      expect.objectContaining({
        code: 'missing-file',
        message: expect.stringMatching(/gone\.bin: no such file/),
      }),
    );
  });

  it('a data file that lost its end', () => {
    const path = join(temporaryFolder(), 'network.onnx');
    writeModelFile(residualNetwork({ width: 16 }), path, { externalData: 'always' });
    truncateSync(`${path}.data`, 5000);
    expect(() => readModelFile(path)).toThrow(
      /expected \d+ bytes at \d+ of its external data, the file has 5000/,
    );
  });

  it('bytes that come alone', () => {
    expect(() => parseModel(outside({ location: 'w.bin' }))).toThrow(
      'w: its data is in another file: read the model by the path of its file, or give `externalData`',
    );
  });

  it('a reader that returns too little', () => {
    const externalData = () => bytes(1);
    expect(() => parseModel(outside({ location: 'w.bin' }), { externalData })).toThrow(
      'w: expected 8 bytes of external data, got 4',
    );
  });
});
