import { expect, it, vi } from 'vitest';
import { compile } from '../../src/compile/compile-here.ts';
import { hasChromium } from '../support/chromium.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { threeConvolutions } from '../support/three-convolutions.ts';

it.skipIf(!hasChromium)(
  'a network is compiled with tiles that were timed in Chromium (needs Chromium)',
  async () => {
    vi.stubEnv('ESPALIER_CACHE', temporaryFolder());
    try {
      const { verification } = await compile(threeConvolutions(), { tune: 'chromium', seconds: 0 });
      expect(verification!.error).toBeLessThan(1e-4);
    } finally {
      vi.unstubAllEnvs();
    }
  },
);
