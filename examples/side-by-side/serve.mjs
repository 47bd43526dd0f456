// Serves the page, onnxruntime-web and two or three models on this machine: node serve.mjs before.onnx after.onnx [compiled] [port]
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
const given = process.argv.slice(2);
const port = /^\d+$/.test(given.at(-1)) ? given.pop() : '0';
const problem = given.map(problemOf).find((found) => found !== null);
if (given.length < 2 || given.length > 3 || problem) {
  console.error(problem ?? 'usage: node serve.mjs before.onnx after.onnx [compiled] [port]');
  process.exit(2);
}

/** Why a file or folder cannot be served as a model. */
function problemOf(path) {
  if (!existsSync(path)) return `${path}: no such file`;
  if (!statSync(path).isDirectory() || existsSync(join(path, 'model.js'))) return null;
  return `${path}: expected a folder that espalier compile has written, found no model.js`;
}

/** Each model's address, that of a compiled folder with a slash, and its files by address. */
const models = given.map((path, i) => {
  const address = `/models/${i + 1}/${encodeURIComponent(basename(path))}`;
  if (!statSync(path).isDirectory()) return { address, files: [[address, path]] };
  return {
    address: `${address}/`,
    files: readdirSync(path).map((name) => [`${address}/${name}`, join(path, name)]),
  };
});
const files = new Map([
  ['/', join(here, 'index.html')],
  ...['style.css', 'side-by-side.js', 'networks.js', 'sources.js', 'pictures.js'].map((name) => [
    `/${name}`,
    join(here, name),
  ]),
  ...['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map((name) => [
    `/ort/${name}`,
    join(ort, name),
  ]),
  ...models.flatMap((model) => model.files),
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
  const lanes = models.map(({ address }, i) => `${'abc'[i]}=${encodeURIComponent(address)}`);
  console.log(`http://127.0.0.1:${server.address().port}/?${lanes.join('&')}`);
});
