import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../bench/cases/cell.ts';
import { type NetworkName, networks, opsets, variantsAt } from '../../bench/cases/networks/index.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Each network at two opsets, each opset with two networks, every way of export once at least. */
const chosen = (Object.keys(networks) as NetworkName[]).flatMap((network, i) =>
  [0, 3].map((step) => {
    const opset = opsets[(i + step) % opsets.length]!;
    return { network, variant: variantsAt(opset)[(3 * i + step) % 8]! };
  }),
);

describe('networks as exporters write them', () => {
  it.each(chosen)(
    '$network at opset $variant.opset, batch $variant.batch, $variant.layout, sizes $variant.sizes',
    async ({ network, variant }) => {
      const folder = temporaryFolder();
      const images = join(folder, 'images');
      await writeImageFolder(images, { count: 32, size: 32, classes: 2, seed: 1 });
      const names = [
        'fold',
        'prune local',
        'prune --macs',
        'stripes',
        'rmnet',
        'deploy',
        'recovery',
      ] as const;
      const cells = await cellsOf(network, variant, { names, folder: join(folder, 'work'), images });
      expect(cells.filter(({ verdict }) => verdict !== 'right')).toEqual([]);
    },
  );
});
