import type { TrainingTask } from './task.ts';

/**
 * A task with the loss a·L₁ + (1 − a)·L₂ of two tasks. Its metrics are those of both; the score of an epoch is that of the
 * first.
 */
export function mixed(a: number, first: TrainingTask, second: TrainingTask): TrainingTask {
  return {
    name: `${first.name} and ${second.name}`,
    augmentation: first.augmentation,
    reads: (network) => [...first.reads(network), ...second.reads(network)],
    loss(scope) {
      const { g, network, values } = scope;
      const own = first.reads(network).length;
      const one = first.loss({ ...scope, values: values.slice(0, own) });
      const two = second.loss({ ...scope, values: values.slice(own) });
      return {
        loss: g.Add(g.Mul(one.loss, g.floats(a)), g.Mul(two.loss, g.floats(1 - a))),
        parts: { ...two.parts, [first.name]: one.loss },
        metrics: { ...two.metrics, ...one.metrics },
      };
    },
    async open(context) {
      const [one, two] = [await first.open?.(context), await second.open?.(context)];
      return {
        feeds: async (batch) => ({ ...(await two?.feeds(batch)), ...(await one?.feeds(batch)) }),
        async close() {
          await one?.close();
          await two?.close();
        },
      };
    },
    async evaluate(network, images, settings) {
      const one = await first.evaluate?.(network, images, settings);
      const two = await second.evaluate?.(network, images, settings);
      return { score: 0, ...two, ...one, metrics: { ...two?.metrics, ...one?.metrics } };
    },
  };
}
