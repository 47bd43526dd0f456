// Serves the studio of an installed package, and loads its page with all files that it names. Called by check-package in the
// folder where the package is installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';

const studio = spawn('node_modules/.bin/espalier', ['studio', '--port', '0', '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [text] = await once(studio.stdout, 'data');
const { url } = JSON.parse(text);
const page = await (await fetch(url)).text();
const built = readdirSync('node_modules/espalier/dist/studio/page', { recursive: true, withFileTypes: true });
const assets = built.filter((entry) => entry.isFile() && entry.parentPath.endsWith('assets'));
const named = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path);
if (named.length === 0) throw new Error('the page names no files');
if (!assets.some(({ name }) => name.endsWith('.wasm'))) throw new Error('the page has no WebAssembly module');
for (const path of [...named, ...assets.map(({ name }) => `assets/${name}`)]) {
  const response = await fetch(`${url}/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  await response.arrayBuffer();
}
studio.kill('SIGINT');
const [code] = await once(studio, 'exit');
if (code !== 130) throw new Error(`expected 130 at Ctrl-C, found ${code}`);
console.log(`studio works: ${assets.length} files`);
