// Networks in onnxruntime-web, on WebAssembly, and compiled networks.
import * as ort from './ort/ort.wasm.min.mjs';
import { pixelsOf } from './pictures.js';

const SAMPLE_MS = 60;
/** Height and width if a network leaves them free. */
const OPEN_SIZE = 224;

/** `?threads=4`; onnxruntime-web reads the number once, when it starts. */
export const threads = Math.max(1, Number(new URLSearchParams(location.search).get('threads')) || 1);
export const version = ort.env.versions.web;
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
ort.env.wasm.numThreads = threads;
ort.env.logLevel = 'fatal';

/** onnxruntime-web starts with its first session, even if that is not a valid model. */
const started = ort.InferenceSession.create(new Uint8Array(1)).catch(() => {});

const expected = 'expected one input of images, float32 [N, 3, H, W]';

/** A model in onnxruntime-web. Throws if the network's only input is not an image. */
export async function openOnnx(bytes, picture) {
  await started;
  const loading = performance.now();
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const loadMs = performance.now() - loading;
  const [input, ...others] = session.inputMetadata;
  if (others.length > 0 || input?.shape?.length !== 4 || input.type !== 'float32') {
    await session.release();
    throw new Error(expected);
  }
  const dim = (axis, open) => (typeof input.shape[axis] === 'number' ? input.shape[axis] : open);
  const shape = [dim(0, 1), dim(1, 3), dim(2, OPEN_SIZE), dim(3, OPEN_SIZE)];
  let feeds;
  return opened({
    ...{ shape, loadMs, picture },
    feed(pixels) {
      feeds = { [input.name]: new ort.Tensor('float32', pixels, shape) };
    },
    run: () => session.run(feeds),
    async output() {
      return (await session.run(feeds))[session.outputNames[0]].data;
    },
    release: () => session.release(),
  });
}

/** A network that `espalier compile` has written: the address of its script, the bytes of its modules and weights. */
export async function openCompiled({ script, relaxed, baseline, weights }, picture) {
  const { load } = await import(script);
  const wasm = WebAssembly.validate(relaxed) ? relaxed : baseline;
  const loading = performance.now();
  const network = await load(threads === 1 ? { weights, wasm, threads } : { weights });
  const loadMs = performance.now() - loading;
  const [input, ...others] = Object.values(network.inputs);
  if (others.length > 0 || input.shape.length !== 4) throw new Error(expected);
  return opened({
    ...{ shape: input.shape, loadMs, picture },
    feed: (pixels) => input.set(pixels),
    run: () => network.run(),
    async output() {
      network.run();
      return Object.values(network.outputs)[0];
    },
    release: () => network.close(),
  });
}

/** A network that has run once on a picture. */
async function opened({ picture, ...network }) {
  network.feed(pixelsOf(picture, network.shape));
  const running = performance.now();
  await network.run();
  return { ...network, firstMs: performance.now() - running };
}

/** Mean milliseconds per image, over the runs of SAMPLE_MS. */
export async function sample({ run, shape: [batch] }) {
  const begun = performance.now();
  let runs = 0;
  do {
    await run();
    runs++;
  } while (performance.now() - begun < SAMPLE_MS);
  return (performance.now() - begun) / (runs * batch);
}

/** The first output for one picture. */
export async function answer({ feed, output, shape }, picture) {
  feed(pixelsOf(picture, shape));
  const data = await output();
  return data.slice(0, data.length / shape[0]);
}
