// Networks in onnxruntime-web, on WebAssembly.
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

/** A session that has run once on a picture. Throws if the network's only input is not an image. */
export async function openNetwork(bytes, picture) {
  await started;
  const loading = performance.now();
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const loadMs = performance.now() - loading;
  const [input, ...others] = session.inputMetadata;
  if (others.length > 0 || input?.shape?.length !== 4 || input.type !== 'float32') {
    await session.release();
    throw new Error('expected one input of images, float32 [N, 3, H, W]');
  }
  const dim = (axis, open) => (typeof input.shape[axis] === 'number' ? input.shape[axis] : open);
  const shape = [dim(0, 1), dim(1, 3), dim(2, OPEN_SIZE), dim(3, OPEN_SIZE)];
  const feeds = feedsOf({ input: input.name, shape }, picture);
  const running = performance.now();
  await session.run(feeds);
  return { session, input: input.name, shape, feeds, loadMs, firstMs: performance.now() - running };
}

const feedsOf = ({ input, shape }, picture) => ({
  [input]: new ort.Tensor('float32', pixelsOf(picture, shape), shape),
});

/** Mean milliseconds per image, over the runs of SAMPLE_MS. */
export async function sample({ session, feeds, shape: [batch] }) {
  const begun = performance.now();
  let runs = 0;
  do {
    await session.run(feeds);
    runs++;
  } while (performance.now() - begun < SAMPLE_MS);
  return (performance.now() - begun) / (runs * batch);
}

/** The first output for one picture. */
export async function answer(network, picture) {
  const { session, shape } = network;
  const { [session.outputNames[0]]: output } = await session.run(feedsOf(network, picture));
  return output.data.slice(0, output.data.length / shape[0]);
}
