// Where networks come from: addresses, chosen or dropped files and folders. Each has a name and is read when it is loaded.
import { openCompiled, openOnnx } from './networks.js';

const script = 'model.js';

/** An .onnx file, or a compiled folder if the address ends with a slash. */
export function fromAddress(address) {
  const { pathname } = new URL(address, location.href);
  const name = decodeURIComponent(pathname.split('/').findLast((part) => part !== ''));
  if (!pathname.endsWith('/')) return onnx(name, () => fetched(address));
  const url = (file) => new URL(file, new URL(address, location.href)).href;
  return compiled(name, { script: url(script), read: (file) => fetched(url(file)) });
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The networks among files: .onnx files, then the compiled folder that they are of. */
export function networksAmong(files) {
  const models = files
    .filter(({ name }) => name.toLowerCase().endsWith('.onnx'))
    .map((file) => onnx(file.name, () => bytesOf(file)));
  const found = files.find(({ name }) => name === script);
  if (!found) return models;
  const folder = found.webkitRelativePath.split('/').at(-2) ?? 'compiled network';
  const read = (name) => {
    const file = files.find((one) => one.name === name);
    if (!file) throw new Error(`expected ${name} beside ${script}`);
    return bytesOf(file);
  };
  return [...models, compiled(folder, { script: URL.createObjectURL(found), read })];
}

const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

const onnx = (name, read) => ({
  name,
  async read() {
    const bytes = await read();
    return { bytes: bytes.length, open: (picture) => openOnnx(bytes, picture) };
  },
});

const compiled = (name, { script, read }) => ({
  name,
  async read() {
    const [relaxed, baseline, weights] = await Promise.all(
      ['model-relaxed.wasm', 'model.wasm', 'model.bin'].map(read),
    );
    return {
      bytes: relaxed.length + weights.length,
      open: (picture) => openCompiled({ script, relaxed, baseline, weights }, picture),
    };
  },
});

/** Dropped files, those in dropped folders included. */
export async function droppedFiles({ items }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const inside = await new Promise((done, failed) => reader.readEntries(done, failed));
  return (await Promise.all(inside.map(filesIn))).flat();
}
