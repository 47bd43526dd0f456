import { EspalierError, type Graph, parseModel, type ReadExternalData } from 'espalier/core';
import type { NamedFile } from './types.ts';

/** The model among dropped files. */
export interface ModelFiles {
  /** The name of the file, without folder and ending. */
  readonly name: string;
  readonly file: NamedFile;
  readonly network: Graph;
}

/**
 * Reads the .onnx file among dropped files, and its external data from the others. Throws `missing-file` without one, `usage`
 * with several, and the errors of parseModel, naming the file.
 */
export function openModelFiles(files: readonly NamedFile[]): ModelFiles {
  const file = theModel(files);
  const name = baseName(file.name).replace(/\.onnx$/i, '');
  try {
    return { name, file, network: parseModel(file.bytes, { externalData: externalDataIn(files, file) }) };
  } catch (cause) {
    if (!(cause instanceof EspalierError)) throw cause;
    throw new EspalierError(cause.code, cause.message, { where: file.name, cause });
  }
}

/** The only .onnx file; `model.onnx`, which commands write, if there are several. */
function theModel(files: readonly NamedFile[]): NamedFile {
  const models = files.filter(({ name }) => /\.onnx$/i.test(name));
  const [file, other] = models;
  const found = (among: readonly NamedFile[]) => among.map(({ name }) => name).join(', ') || 'nothing';
  if (!file) throw new EspalierError('missing-file', `expected an .onnx file, found ${found(files)}`);
  const written = models.find(({ name }) => baseName(name) === 'model.onnx');
  if (!other || written) return written ?? file;
  throw new EspalierError('usage', `expected one .onnx file, found ${found(models)}`);
}

/** Reads external data from the dropped files, by their paths relative to the model's folder. */
const externalDataIn =
  (files: readonly NamedFile[], { name: model }: NamedFile): ReadExternalData =>
  ({ location, offset, length, where }) => {
    const path = model.slice(0, -baseName(model).length) + location;
    const file = files.find(({ name }) => name === path);
    if (!file) {
      const message = `its data is in ${location}: drop that file together with the model`;
      throw new EspalierError('missing-file', message, { where });
    }
    if (offset + length > file.bytes.length) {
      const message = `expected ${length} bytes at ${offset} of ${location}, the file has ${file.bytes.length}`;
      throw new EspalierError('invalid-model', message, { where });
    }
    return file.bytes.subarray(offset, offset + length);
  };

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
