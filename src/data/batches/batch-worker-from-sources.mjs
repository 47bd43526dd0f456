// Starts the batch worker from TypeScript sources, in tests: Node 20 does not apply `--import tsx` to worker threads.
import { register } from 'tsx/esm/api';

register();
await import('./batch-worker.ts');
