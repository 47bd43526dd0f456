import { expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { couplings, network } from '../support/coupled-networks.ts';
import { transformerCouplings } from '../support/coupled-transformers.ts';

/** What stays beside the layer that makes the output, and why it must. */
const staying: Readonly<Record<string, readonly string[]>> = {
  'the inner width of an MLP behind a normalisation': ['MatMul: it is reduced in ReduceMean (ReduceMean)'],
};

it.each(Object.entries({ ...couplings, ...transformerCouplings }))(
  '%s: every layer but the last may get narrower',
  async (name, body) => {
    const { groups } = channelGroups(await prepareForPruning(network(body), onnxruntime));
    const found = groups.flatMap(({ root, sets, reasons }) =>
      reasons.size === sets.length ? [`${root}: ${[...reasons.values()][0]}`] : [],
    );
    expect(found).toEqual([...(staying[name] ?? []), 'head: it is an output of the network']);
  },
);
