// Starts the training process from TypeScript sources, in tests.
import { register } from 'tsx/esm/api';

register();
await import('./training-process.ts');
