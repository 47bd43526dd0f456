import { defineCommand, type Invocation } from '../command.ts';
import { planRun } from '../training/recipe.ts';
import { deployFlags } from './flags.ts';
import { checkQuantizeFlags } from './quantize-flags.ts';
import type { PlannedDeployment } from './run.ts';

export const deployCommand = defineCommand({
  name: 'deploy',
  summary: 'write an equivalent network that skips zero stripes, each layer in its fastest measured form',
  arguments: [{ name: '[model]', summary: 'an .onnx file or a built-in network; not needed with --resume' }],
  options: deployFlags,
  examples: [
    ['espalier deploy runs/half/model-dense.onnx --out fast.onnx', 'for this machine, on one thread'],
    ['espalier deploy masked.onnx --out runs/fast', 'with a report that shows the form of each layer'],
    ['espalier deploy masked.onnx --target web --threads 2 --out web.onnx', 'for a browser'],
    ['espalier deploy model.onnx --int8 --data cifar10 --out int8.onnx', 'quantised to 8-bit integers'],
    ['espalier deploy masked.onnx --plan', 'print the forms that would be tried and their predicted latency'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planned(invocation);
  },
  async run(invocation, context) {
    const asked = await planned(invocation);
    if (asked.settings.plan) {
      const { deploymentPlanOutput: planOutput } = await import('./plan.ts');
      return planOutput(asked.settings, context);
    }
    const { runDeployment } = await import('./run.ts');
    return runDeployment(asked, context);
  },
});

/** The settings of a run. Throws `usage` for invalid combinations. */
async function planned(invocation: Invocation<typeof deployFlags>): Promise<PlannedDeployment> {
  const needed = invocation.options.plan ? {} : { out: '--out <path>' };
  const asked: PlannedDeployment = await planRun<typeof deployFlags, never>('deploy', invocation, needed);
  checkQuantizeFlags(asked.settings, invocation.given);
  return asked;
}
