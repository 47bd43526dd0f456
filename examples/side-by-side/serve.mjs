// Serves the page, onnxruntime-web and two models on this machine: node serve.mjs before.onnx after.onnx [port]
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
const [before, after, port = '0'] = process.argv.slice(2);
const missing = [before, after].find((file) => !file || !existsSync(file));
if (!before || !after || missing) {
  console.error(missing ? `${missing}: no such file` : 'usage: node serve.mjs before.onnx after.onnx [port]');
  process.exit(2);
}

const models = [before, after].map((file, i) => [
  `/models/${i + 1}/${encodeURIComponent(basename(file))}`,
  file,
]);
const files = new Map([
  ['/', join(here, 'index.html')],
  ...['style.css', 'side-by-side.js', 'networks.js', 'pictures.js'].map((name) => [
    `/${name}`,
    join(here, name),
  ]),
  ...['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map((name) => [
    `/ort/${name}`,
    join(ort, name),
  ]),
  ...models,
]);

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Browsers allow threads and a precise clock only in isolated pages. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const server = createServer(({ url = '/' }, response) => {
  const file = files.get(new URL(url, 'http://127.0.0.1').pathname);
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    ...isolation,
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
  });
  createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response);
});

server.listen(Number(port), '127.0.0.1', () => {
  const [a, b] = models.map(([path]) => encodeURIComponent(path));
  console.log(`http://127.0.0.1:${server.address().port}/?a=${a}&b=${b}`);
});
