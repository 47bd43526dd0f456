import type { DroppedFile } from '../worker/api.ts';

/** The files of a drop, with those of dropped folders. */
export async function droppedFiles({ items }: DataTransfer): Promise<DroppedFile[]> {
  // Both must be asked for before the event ends.
  const dropped = [...items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = dropped.map(({ entry, file }) =>
    entry ? filesOf(entry, '') : file ? chosenFiles([file]) : [],
  );
  return (await Promise.all(files)).flat();
}

/** The files of a file picker, for single files or a folder. */
export const chosenFiles = (files: Iterable<File>): DroppedFile[] =>
  [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));

async function filesOf(entry: FileSystemEntry, folder: string): Promise<DroppedFile[]> {
  const path = folder + entry.name;
  if (entry.isFile) return [{ name: path, file: await fileOf(entry as FileSystemFileEntry) }];
  const entries = await entriesOf((entry as FileSystemDirectoryEntry).createReader());
  return (await Promise.all(entries.map((inner) => filesOf(inner, `${path}/`)))).flat();
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** All entries of a folder: browsers return them in parts, the last of which is empty. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  return part.length === 0 ? [] : [...part, ...(await entriesOf(reader))];
}
