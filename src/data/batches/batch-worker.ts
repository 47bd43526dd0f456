import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../errors.ts';
import { sourceAt } from '../origin.ts';
import { failure, type Order, type Reply, type WorkerTask } from './messages.ts';
import { batchPreparer } from './prepare.ts';
import { batchesPerEpoch } from './settings.ts';

assert(parentPort, 'the batch worker must run in its own thread');
const port = parentPort;
const { source, origin, settings } = workerData as WorkerTask;
const prepare = batchPreparer(sourceAt(origin, source), settings);
let allowed = 0;

port.on('message', (order: Order) => {
  allowed = order.kind === 'start' ? order.ahead : allowed + 1;
  if (order.kind === 'start') produce(order.epoch, order.firstStep).catch((error) => reply(failure(error)));
});

async function produce(epoch: number, firstStep: number): Promise<void> {
  const steps = batchesPerEpoch(source.labels.length, settings);
  for (let step = firstStep; step < steps; step++) {
    while (allowed === 0) await once(port, 'message');
    allowed--;
    const batch = await prepare({ epoch, step });
    reply({ kind: 'batch', batch }, [batch.images.buffer as ArrayBuffer, batch.labels.buffer as ArrayBuffer]);
  }
  reply({ kind: 'end' });
}

function reply(message: Reply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
