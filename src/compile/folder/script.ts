import type { CompiledValue } from '../../runtime/webassembly/compile.ts';
import { probeModule } from '../../runtime/webassembly/instantiate.ts';
import type { CompiledModel } from '../compile.ts';
import { threadFacts, threadLoader } from './thread-scripts.ts';

/** `model.js`: an ES module without dependencies that loads and runs the network. */
export function modelScript({ network, weights }: CompiledModel): string {
  const facts = {
    inputs: network.inputs.map(placed),
    outputs: network.outputs.map(placed),
    weights: { type: weights.type, bytes: weights.bytes.length, offset: network.weightsOffset },
    probes: { relaxed: hex(probeModule('relaxed')), baseline: hex(probeModule('baseline')) },
  };
  const { threaded } = network;
  const threads = threaded && threadFacts(threaded);
  return `// A network as WebAssembly, written by espalier: see model.d.ts.
const network = ${JSON.stringify({ ...facts, threads }, null, 2)};
${loader}${threads ? threadLoader : ''}`;
}

const placed = ({ name, shape, offset }: CompiledValue) => ({ name, shape, offset });

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The part of `model.js` that is the same for every network. */
const loader = `
/** Loads the network: by default the files beside this script, with the fastest module that the engine supports. */
export async function load({ weights, wasm, threads } = {}) {
  const module = supportedModule();
  if (network.threads && wasm === undefined && threads !== 1 && canShare()) return loadThreads(module, weights);
  const [code, stored] = await Promise.all([
    contentsOf(wasm ?? besides[module]()),
    contentsOf(weights ?? new URL('./model.bin', import.meta.url)),
  ]);
  const made = await WebAssembly.instantiate(code);
  const { memory, run, step } = (made.instance ?? made).exports;
  writeWeights(bytesOf(stored), memory.buffer);
  return {
    module: wasm === undefined ? module : 'given',
    threads: 1,
    inputs: viewsOf(network.inputs, memory.buffer),
    outputs: viewsOf(network.outputs, memory.buffer),
    run: () => run(),
    step: (index) => step(index),
    close() {},
  };
}

const besides = {
  relaxed: () => new URL('./model-relaxed.wasm', import.meta.url),
  baseline: () => new URL('./model.wasm', import.meta.url),
};

function supportedModule() {
  for (const [module, probe] of Object.entries(network.probes)) {
    if (WebAssembly.validate(Uint8Array.from(probe.match(/../g), (byte) => parseInt(byte, 16)))) return module;
  }
  throw new Error('this engine has no WebAssembly SIMD: expected Chrome 91, Firefox 89, Safari 16.4, Node 16.4, or later');
}

/** Whether threads can share memory; logs the reason once if not. */
function canShare() {
  const isShared = typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
  if (!isShared && !canShare.said) console.warn('model.js runs on one thread: the page is not cross-origin isolated');
  canShare.said = !isShared;
  return isShared;
}

/** Fetches the bytes of a URL; returns bytes and compiled modules unchanged. */
async function contentsOf(source) {
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const url = new URL(source, globalThis.document?.baseURI ?? import.meta.url);
  if (url.protocol === 'file:' && !globalThis.Deno) {
    const files = 'node:fs/promises';
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ files);
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(\`\${url}: HTTP \${response.status}\`);
  return response.arrayBuffer();
}

const bytesOf = (source) =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);

function writeWeights(stored, memory) {
  const { type, bytes, offset } = network.weights;
  if (stored.length !== bytes) throw new RangeError(\`weights: expected \${bytes} bytes, found \${stored.length}\`);
  if (type === 'float32') return new Uint8Array(memory, offset, bytes).set(stored);
  const halves = new Uint16Array(stored.slice().buffer);
  const numbers = Float32Array.from({ length: 65536 }, (_, bits) => halfToNumber(bits));
  const floats = new Float32Array(memory, offset, halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = numbers[halves[i]];
}

/** The number that a 16-bit pattern encodes (IEEE 754 binary16). */
function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

const viewsOf = (values, memory) =>
  Object.fromEntries(values.map((value) => [value.name, new NetworkValue(memory, value)]));

/** An input or output as a view of the network's memory. Methods that copy return plain arrays. */
class NetworkValue extends Float32Array {
  static get [Symbol.species]() {
    return Float32Array;
  }

  constructor(memory, { name, shape, offset }) {
    super(memory, offset, shape.reduce((product, dim) => product * dim, 1));
    Object.defineProperties(this, { name: { value: name }, shape: { value: shape } });
  }

  set(values, offset) {
    if (offset === undefined && values.length !== this.length)
      throw new RangeError(
        \`\${this.name}: expected \${this.length} numbers [\${this.shape.join(', ')}], found \${values.length}\`,
      );
    super.set(values, offset);
  }
}
`;
