import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { parseGraph } from '../../src/graph/text/index.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { type RewriteRule, rewriteNodes } from '../../src/rewrite/rules/rewrite-nodes.ts';
import { browserBundle } from '../support/browser-bundle.ts';
import { expectSame, operatorsOf } from './equivalence.ts';

/** The rewrite rule of docs/library.md, for a bundle. */
const documented = /A \*\*rewrite rule\*\*[\s\S]*?```ts\n([\s\S]*?)```/
  .exec(readFileSync(new URL('../../docs/library.md', import.meta.url), 'utf8'))![1]!
  .replace(`'espalier'`, `'espalier/core'`);

const parsed = (nodes: string) => parseGraph(`net(float32[N, 4] x) => (float32[N, 4] y) {\n${nodes}\n}`);

it('a rule of a user rewrites a network through the package alone, as docs/library.md has it', async () => {
  const network = parsed('a = HardSwish(x)\n b = Relu(a)\n y = HardSwish(b)');
  const script = await browserBundle(
    `import { parseModel, serializeModel } from 'espalier/core';
    ${documented}
    const { graph, changed, refusals } = withoutHardSwish(parseModel(new Uint8Array(globalThis.numbers)));
    globalThis.result = { numbers: [...serializeModel(graph)], changed, refusals };`,
    'iife',
  );
  const page = createContext({
    TextDecoder,
    TextEncoder,
    performance,
    numbers: [...serializeModel(network)],
  });
  runInContext(script, page);
  const { numbers, changed, refusals } = page.result as { numbers: number[]; changed: number; refusals: [] };
  expect([changed, [...refusals]]).toEqual([2, []]);
  const graph = parseModel(Uint8Array.from(numbers));
  const plain = ['Add', 'Clip', 'Mul', 'Div'];
  expect(operatorsOf(graph)).toEqual([...plain, 'Relu', ...plain]);
  await expectSame(network, graph);
});

describe('a rule', () => {
  const network = () => parsed('a = Relu(x)\n b = Neg(a)\n c = Abs(a)\n d = Add(b, c)\n y = Identity(d)');

  it('is tried again at the node that it rewrote, and nodes that lost their readers are removed', () => {
    const rule: RewriteRule = {
      name: 'shorter',
      ops: ['Add', 'Sub'],
      rewrite(node, { become }) {
        const [x = null] = node.inputs;
        if (node.op === 'Add') become(node, { op: 'Sub', inputs: node.inputs });
        else become(node, { op: 'Neg', inputs: [x] });
        return true;
      },
    };
    const { graph, changed } = rewriteNodes(network(), [rule]);
    expect([changed, operatorsOf(graph)]).toEqual([2, ['Relu', 'Neg', 'Neg', 'Identity']]);
  });

  it('leaves the network as it was where it refuses, and names the node', () => {
    const given = network();
    const refuses: RewriteRule = {
      name: 'never',
      ops: ['Add'],
      rewrite: () => ({ code: 'unsupported', reason: 'not today' }),
    };
    const { graph, changed, refusals } = rewriteNodes(given, [refuses]);
    expect([changed, refusals]).toEqual([
      0,
      [{ code: 'unsupported', reason: 'not today', where: expect.stringMatching(/\(Add\)$/) }],
    ]);
    expect(operatorsOf(graph)).toEqual(operatorsOf(given));
  });

  it('that never ends is named', () => {
    const endless: RewriteRule = { name: 'endless', ops: ['Abs'], rewrite: () => true };
    expect(() => rewriteNodes(network(), [endless])).toThrow(/rule endless rewrites it without end/);
  });
});
