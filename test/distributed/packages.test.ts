import { expect, it, vi } from 'vitest';
import { connectRedis } from '../../src/distributed/connection.ts';
import { runWorker } from '../../src/distributed/worker.ts';

const absent = () => {
  throw new Error('Cannot find package');
};
vi.mock('bullmq', () => absent());
vi.mock('ioredis', () => absent());

it('work on other machines says which packages it needs where they are missing', async () => {
  const message = 'npm install bullmq ioredis';
  await expect(connectRedis('redis://127.0.0.1:1')).rejects.toThrow(message);
  const perform = () => Promise.reject(new Error('unused'));
  await expect(runWorker({ redis: 'redis://127.0.0.1:1', root: 'x', perform })).rejects.toThrow(message);
});
