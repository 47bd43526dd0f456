import { expect, test, vi } from 'vitest';
import { loadDecoder } from '../../src/data/decoder.ts';

vi.mock('sharp', () => {
  throw new Error('Could not load the "sharp" module');
});

test('where sharp is missing, the error says how to install it', async () => {
  await expect(loadDecoder()).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('npm install sharp'),
  });
});
