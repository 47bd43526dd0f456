import { EspalierError } from 'espalier/core';

/** A file that was dropped, whose contents are read on demand. */
export interface StoredFile {
  /** The path within the drop. */
  readonly name: string;
  readonly size: number;
  bytes(): Promise<Uint8Array>;
}

/** What dropped files can be. */
export type DroppedKind = 'network' | 'compiled' | 'run';

/** The kind of a drop, and its files with paths relative to its folder. */
export interface Dropped {
  readonly kind: DroppedKind;
  /** The name of the folder; '' for a network. */
  readonly name: string;
  readonly files: readonly StoredFile[];
}

/** Files whose presence identifies the folder. */
const folders: readonly { readonly kind: DroppedKind; readonly files: readonly string[] }[] = [
  { kind: 'compiled', files: ['report.json', 'model.js', 'model.bin'] },
  { kind: 'run', files: ['recipe.json', 'events.jsonl'] },
];

/** Recognises a folder that `espalier compile` has written, and the folder of a run; other files may be a network. */
export function recognise(files: readonly StoredFile[]): Dropped {
  const names = new Set(files.map(({ name }) => name));
  for (const path of new Set(files.map(({ name }) => folderOf(name)))) {
    const row = folders.find((folder) => folder.files.every((name) => names.has(path + name)));
    if (row) return { kind: row.kind, name: path.split('/').at(-2) ?? row.kind, files: within(path, files) };
  }
  return { kind: 'network', name: '', files };
}

/** The most that browsers hold in one array, and that an .onnx file can have. */
const MOST_BYTES = 2 ** 31 - 1;

/** Reads the files of a network. Throws `unsupported` above 2 GB in all, before anything is read. */
export async function readFiles(files: readonly StoredFile[]) {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_BYTES) {
    const message = `expected at most 2 GB, found ${(bytes / 1e9).toFixed(1)} GB: use the command line for larger networks`;
    throw new EspalierError('unsupported', message);
  }
  return Promise.all(files.map(async (file) => ({ name: file.name, bytes: await file.bytes() })));
}

/** The folder of a path, with its last slash; '' for a bare name. */
const folderOf = (name: string): string => name.slice(0, name.lastIndexOf('/') + 1);

const within = (path: string, files: readonly StoredFile[]): StoredFile[] =>
  files
    .filter(({ name }) => name.startsWith(path))
    .map(({ name, size, bytes }) => ({ name: name.slice(path.length), size, bytes }));
