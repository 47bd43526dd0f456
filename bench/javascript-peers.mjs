/**
 * What else trains a convolution in JavaScript: GFLOP/s of the forward pass and its two gradients, 3×3, 16 → 16 on 32×32,
 * on one thread. Their packages are no dependency of this project; install them in any folder and run there:
 *
 *     npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm @jax-js/jax
 *     node path/to/bench/javascript-peers.mjs
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [BATCH, CHANNELS, SIZE, KERNEL] = [8, 16, 32, 3];
const FLOPS = 2 * BATCH * SIZE ** 2 * CHANNELS ** 2 * KERNEL ** 2;
const RUNS = 5;

const here = createRequire(`${process.cwd()}/`);
const load = (name) => import(pathToFileURL(here.resolve(name)).href);

/** The fastest of a few runs after a first, in ms. */
async function fastest(run) {
  await run();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

async function tensorflow(backend) {
  const tf = here('@tensorflow/tfjs');
  if (backend === 'wasm') here('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend(backend);
  await tf.ready();
  const x = tf.randomNormal([BATCH, SIZE, SIZE, CHANNELS]);
  const w = tf.randomNormal([KERNEL, KERNEL, CHANNELS, CHANNELS]);
  const loss = (x, w) => tf.sum(tf.square(tf.conv2d(x, w, 1, 'same')));
  return {
    forward: () => tf.tidy(() => void loss(x, w).dataSync()),
    step: () =>
      tf.tidy(() =>
        tf
          .grads(loss)([x, w])
          .map((g) => g.dataSync()),
      ),
  };
}

async function jax() {
  // Node 20 has none.
  globalThis.navigator ??= { hardwareConcurrency: 1, userAgent: 'node' };
  const { init, defaultDevice, grad, lax, random, numpy: np } = await load('@jax-js/jax');
  await init();
  defaultDevice('wasm');
  const x = random.normal(random.key(1), [BATCH, CHANNELS, SIZE, SIZE]);
  const w = random.normal(random.key(2), [CHANNELS, CHANNELS, KERNEL, KERNEL]);
  const loss = (w, x) => {
    const y = lax.conv(x, w, [1, 1], 'SAME');
    return np.sum(np.square(y));
  };
  return {
    forward: () => loss(w.ref, x.ref).data(),
    step: () => grad(loss)(w.ref, x.ref).data(),
  };
}

for (const [name, open, gradients] of [
  ['tfjs cpu', () => tensorflow('cpu'), 2],
  ['tfjs wasm', () => tensorflow('wasm'), 2],
  ['jax-js wasm (filter gradient alone)', jax, 1],
]) {
  try {
    const { forward, step } = await open();
    const forwardRate = FLOPS / (await fastest(forward)) / 1e6;
    console.log(`${name}: forward ${forwardRate.toFixed(2)} GFLOP/s`);
    const stepRate = ((1 + gradients) * FLOPS) / (await fastest(step)) / 1e6;
    console.log(`${name}: with gradients ${stepRate.toFixed(2)} GFLOP/s`);
  } catch (reason) {
    console.log(`${name}: ${reason.message.split('\n')[0]}`);
  }
}
