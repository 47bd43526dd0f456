// Networks in onnxruntime-web, on WebAssembly.
import * as ort from './ort/ort.wasm.min.mjs';
import { pixelsOf } from './pictures.js';

const SAMPLE_MS = 60;
/** Height and width where a network leaves them open. */
const OPEN_SIZE = 224;

/** `?threads=4`; onnxruntime-web fixes them when it starts. */
export const threads = Math.max(1, Number(new URLSearchParams(location.search).get('threads')) || 1);
export const version = ort.env.versions.web;
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
ort.env.wasm.numThreads = threads;
ort.env.logLevel = 'fatal';

/** It starts with the first session that is asked for, be it of no model at all. */
const started = ort.InferenceSession.create(new Uint8Array(1)).catch(() => {});

/** A session, run once on a picture; throws where its input is no image. */
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

/** The mean milliseconds an image, over as many runs as take a while. */
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
