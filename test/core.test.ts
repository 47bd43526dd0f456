import { createContext, runInContext } from 'node:vm';
import { expect, it } from 'vitest';
import { costs } from '../src/measure/macs.ts';
import { serializeModel } from '../src/onnx/index.ts';
import { browserBundle } from './support/browser-bundle.ts';
import { residualNetwork } from './support/small-network.ts';

/** Global names that browsers have beside JavaScript's own; nothing of Node. */
const surroundings = { TextDecoder, TextEncoder, performance };

it('is bundled for browsers, and reads, measures and writes a network where there is nothing of Node', async () => {
  const script = await browserBundle(
    `import { costs, parseModel, serializeModel } from 'espalier/core';
    const network = parseModel(new Uint8Array(globalThis.numbers));
    globalThis.result = { macs: costs(network).macs, numbers: [...serializeModel(network)] };`,
    'iife',
  );
  const network = residualNetwork();
  const numbers = [...serializeModel(network)];
  const page = createContext({ ...surroundings, numbers });
  runInContext(script, page);
  expect(page.result).toEqual({ macs: costs(network).macs, numbers });
});

it('a bundle that needs Node is refused', async () => {
  await expect(browserBundle(`export { readFileSync } from 'node:fs';`)).rejects.toThrow(/node:fs/);
});
