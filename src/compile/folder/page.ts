import type { CompiledModel } from '../compile.ts';

/** `index.html`: a page that loads and times the network, and classifies pictures if the network is an image classifier. */
export function modelPage({ name, network, image }: CompiledModel): string {
  const [input] = network.inputs;
  const facts = { name, images: input?.shape[0] ?? 1, image };
  // A name may contain `</script>`.
  const json = JSON.stringify(facts).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Compiled network</title>
<style>${style}</style>
<main>
  <h1></h1>
  <p id="time" role="status">loading …</p>
  <button id="again" hidden>measure again</button>
  <label id="drop" hidden>
    <input type="file" accept="image/*">
    <canvas></canvas>
    <span>drop an image here, or click to choose one</span>
  </label>
  <ol id="classes"></ol>
</main>
<script>
  if (location.protocol === 'file:')
    document.querySelector('#time').textContent =
      'Browsers load modules over HTTP only: serve this folder, for example with "npx http-server" or "python3 -m http.server".';
</script>
<script type="module">
const facts = ${json};
${script}</script>
</html>
`;
}

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; overflow-wrap: anywhere; }
  #drop { display: grid; justify-items: center; gap: 0.75rem; margin: 2rem 0 1rem; padding: 1.5rem; border: 2px dashed #8886; border-radius: 12px; cursor: pointer; }
  #drop.over { border-color: #47743a; }
  #drop[hidden] { display: none; }
  #drop input { position: absolute; opacity: 0; pointer-events: none; }
  canvas { width: 224px; max-width: 100%; height: auto; image-rendering: pixelated; }
  #classes { padding-left: 1.5rem; font-variant-numeric: tabular-nums; }
`;

const script = `
import { load } from './model.js';

const find = (selector) => document.querySelector(selector);
const { name, images, image } = facts;
document.title = name || document.title;
find('h1').textContent = document.title;

const started = performance.now();
const net = await load().catch((error) => {
  find('#time').textContent = error.message;
  throw error;
});
const loadMs = performance.now() - started;

const quantile = (sorted, q) => sorted[Math.round(q * (sorted.length - 1))];
const format = (ms) => ms.toPrecision(3);

/** Milliseconds per image: the median and the interquartile range of samples, measured after the engine has compiled. */
async function measure() {
  find('#time').textContent = 'measuring …';
  const samples = [];
  const end = performance.now() + 2000;
  for (let round = 0; performance.now() < end; round++) {
    await new Promise((resolve) => setTimeout(resolve));
    const start = performance.now();
    let runs = 0;
    for (; performance.now() < start + 10; runs++) net.run();
    if (round > 20 || performance.now() > end - 1000) samples.push((performance.now() - start) / runs / images);
  }
  samples.sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((q) => format(quantile(samples, q)));
  find('#time').textContent =
    \`\${median} ms per image (middle half of the samples: \${low} to \${high} ms), \${net.module === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}, \${net.threads === 1 ? 'one thread' : net.threads + ' threads'}; loaded in \${format(loadMs)} ms\`;
}
find('#again').addEventListener('click', measure);
await measure();
find('#again').hidden = false;

/**
 * Writes a picture into the input with the preprocessing used for accuracy: cropped (the shorter side is scaled to 256/224 of
 * the size), with a border (letterbox), or stretched.
 */
async function classify(file) {
  const bitmap = await createImageBitmap(file);
  const { width, height, channels, mean, std, fit, pad, channelsLast, labels, classes } = image;
  const canvas = find('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  const scales = [width / bitmap.width, height / bitmap.height];
  const scale = fit === 'crop' ? (256 / 224) * Math.max(...scales) : Math.min(...scales);
  const [w, h] = fit === 'stretch' ? [width, height] : [bitmap.width * scale, bitmap.height * scale];
  context.fillStyle = \`rgb(\${pad}, \${pad}, \${pad})\`;
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  const { data } = context.getImageData(0, 0, width, height);
  const plane = width * height;
  const input = net.inputs[image.input];
  for (let channel = 0; channel < channels; channel++)
    for (let i = 0; i < plane; i++) {
      const x = channels === 1 ? (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3 : data[4 * i + channel];
      input[channelsLast ? i * channels + channel : channel * plane + i] = (x / 255 - mean[channel]) / std[channel];
    }
  net.run();
  const scores = [...net.outputs[image.output].subarray(0, classes)];
  const best = scores.map((score, label) => ({ score, label })).sort((a, b) => b.score - a.score).slice(0, 5);
  find('#classes').replaceChildren(
    ...best.map(({ score, label }) => {
      const item = document.createElement('li');
      item.textContent = \`\${labels?.[label] ?? \`class \${label}\`}: \${score.toFixed(3)}\`;
      return item;
    }),
  );
}

if (image) {
  const drop = find('#drop');
  drop.hidden = false;
  const shown = (file) => file && classify(file).catch((error) => find('#classes').replaceChildren(error.message));
  drop.addEventListener('change', ({ target }) => shown(target.files[0]));
  for (const type of ['dragover', 'dragleave', 'drop'])
    document.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', type === 'dragover');
      if (type === 'drop') shown(event.dataTransfer.files[0]);
    });
}
`;
