import { defineCommand } from './command.ts';
import { engine } from './engine.ts';
import { flagSwitch, required, text } from './flags.ts';
import { loadModel } from './model.ts';

export const fold = defineCommand({
  name: 'fold',
  summary: 'fold BatchNormalization into the convolutions and linear layers before it',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a name of the zoo' }],
  options: {
    out: required('--out <file>', 'where the folded model goes', text),
    verify: flagSwitch('--no-verify', 'do not compare the outputs before and after in onnxruntime'),
  },
  examples: [['espalier fold model.onnx --out folded.onnx', 'fold and verify']],
  async run({ args: [name = ''], options: { out, verify } }, context) {
    const { graph } = await loadModel(name);
    const { foldBatchNormalization, foldConstants, verifyEquivalent } = await import('../rewrite/index.ts');
    const { writeModelFile } = await import('../onnx/index.ts');
    const executor = await engine();
    const folded = foldBatchNormalization(await foldConstants(graph, executor));
    const verified = verify ? await verifyEquivalent(graph, folded.graph, { executor }) : null;
    writeModelFile(folded.graph, out);
    if (folded.changed === 0) context.warn(`${name}: nothing to fold, ${out} computes as before`);
    const { changed, refusals } = folded;
    const data = { out, folded: changed, refusals, error: verified?.error ?? null };
    return { data, text: describe(data) };
  },
});

interface Folded {
  readonly out: string;
  readonly folded: number;
  readonly refusals: readonly { readonly where: string; readonly reason: string }[];
  readonly error: number | null;
}

function describe({ out, folded, refusals, error }: Folded): string {
  const proof = error === null ? 'not verified' : `verified, relative error ${error.toExponential(1)}`;
  return [
    `folded ${folded} normalisation${folded === 1 ? '' : 's'} (${proof})`,
    ...refusals.map(({ where, reason }) => `left alone  ${where}: ${reason}`),
    `written to ${out}`,
  ].join('\n');
}
