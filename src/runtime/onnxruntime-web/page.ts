/** The page that runs models: empty, with one script. */
export const page = `<!doctype html><meta charset="utf-8"><title>Espalier</title><script type="module" src="/page.js"></script>`;

/**
 * The script of the page: an object `runtime` whose functions are called from Node. The address gives the number of threads
 * (`?threads=2`), which onnxruntime-web fixes when it starts, together with its first model. All WebAssembly memories are
 * recorded as they are created.
 */
export const script = `
const memories = [];
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(limits) {
    super(limits);
    memories.push(this);
  }
};

const threads = Number(new URLSearchParams(location.search).get('threads'));

/** Starts onnxruntime-web with the first session; this can fail. */
const startOrt = async () => {
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'fatal';
  await ort.InferenceSession.create(new Uint8Array(1), { executionProviders: ['wasm'] }).catch(() => {});
  return ort;
};
let started;

const arrays = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, uint8: Uint8Array, int8: Int8Array,
  int32: Int32Array, int64: BigInt64Array, bool: Uint8Array,
};
const bytes = async (path) => (await fetch(path)).arrayBuffer();
const models = new Map();

globalThis.runtime = {
  /** Returns the milliseconds to create the session; inputs: [name, type, shape, path]. */
  async load(path, inputs) {
    started ??= startOrt();
    const ort = await started;
    const feeds = {};
    for (const [name, type, shape, from] of inputs)
      feeds[name] = new ort.Tensor(type, new arrays[type](await bytes(from)), shape);
    const model = new Uint8Array(await bytes(path));
    const start = performance.now();
    const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 4 });
    const loadMs = performance.now() - start;
    models.set(path, { run: () => session.run(feeds), release: () => session.release() });
    return loadMs;
  },

  /** Returns the milliseconds to load a compiled network; inputs: [name, type, shape, path]. */
  async loadFolder(path, inputs) {
    const { load } = await import(path + '/model.js');
    const relaxed = await bytes(path + '/model-relaxed.wasm');
    const wasm = WebAssembly.validate(relaxed) ? relaxed : await bytes(path + '/model.wasm');
    const weights = await bytes(path + '/model.bin');
    const start = performance.now();
    // Several threads have a module of their own, which the script fetches.
    const network = await load(threads === 1 ? { wasm, weights, threads } : { weights });
    const loadMs = performance.now() - start;
    for (const [name, type, , from] of inputs) network.inputs[name].set(new arrays[type](await bytes(from)));
    const [{ buffer }] = Object.values(network.outputs);
    memories.push({ buffer });
    models.set(path, { run: network.run, release: network.close });
    return loadMs;
  },

  /** Returns the milliseconds to instantiate a module; contents of its memory: [offset, path]. */
  async instantiate(path, contents) {
    const wasm = await bytes(path);
    const parts = await Promise.all(contents.map(async ([offset, from]) => [offset, new Uint8Array(await bytes(from))]));
    const start = performance.now();
    const { exports } = (await WebAssembly.instantiate(wasm)).instance;
    const memory = new Uint8Array(exports.memory.buffer);
    for (const [offset, part] of parts) memory.set(part, offset);
    const loadMs = performance.now() - start;
    models.set(path, { exports, release() {} });
    return loadMs;
  },

  /** Mean milliseconds over n runs. */
  async time(path, n) {
    const { run } = models.get(path);
    const start = performance.now();
    for (let i = 0; i < n; i++) await run();
    return (performance.now() - start) / n;
  },

  /** Mean milliseconds over n calls of a module's function. */
  timeCalls(path, name, argument, n) {
    const { [name]: called } = models.get(path).exports;
    const start = performance.now();
    for (let i = 0; i < n; i++) called(argument);
    return (performance.now() - start) / n;
  },

  async release(path) {
    const { release } = models.get(path);
    models.delete(path);
    await release();
  },

  heapBytes: () => [...new Set(memories.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0),
};
`;
