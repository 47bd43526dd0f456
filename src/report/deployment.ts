import * as v from 'valibot';
import { formatRatio } from '../numeric/quantities.ts';

const number = v.pipe(v.number(), v.finite());
const count = v.pipe(number, v.minValue(0));

const formSchema = v.object({ form: v.string(), ms: count, macs: count });
const layerSchema = v.pipe(
  v.object({ name: v.string(), form: v.string(), forms: v.pipe(v.array(formSchema), v.minLength(1)) }),
  v.check(({ form, forms }) => forms.some((one) => one.form === form)),
);
const pairSchema = v.object({ float: number, int8: number });

/** The results of `deploy`: times in ms, MACs per image. */
export const deploymentSchema = v.object({
  type: v.literal('deployment'),
  // Name and version.
  engine: v.string(),
  threads: count,
  layers: v.array(layerSchema),
  macs: v.object({ before: count, live: v.pipe(number, v.gtValue(0)), after: count }),
  // The shortest samples, and the quartiles of the ratios of samples.
  latency: v.object({
    before: count,
    after: count,
    ratio: number,
    ratioSpread: v.tuple([number, number]),
  }),
  quotient: number,
  // 8-bit integers compared with the same network in floating point: top-1 accuracy, median times.
  int8: v.nullable(
    v.object({
      layers: count,
      top1: v.nullable(pairSchema),
      ms: pairSchema,
      ratio: number,
      ratioSpread: v.optional(v.tuple([number, number])),
      sameClass: v.nullable(number),
      images: count,
      outputs: v.optional(
        v.array(
          v.object({
            name: v.string(),
            error: number,
            same: v.nullable(v.object({ of: v.picklist(['images', 'pixels', 'elements']), part: number })),
          }),
        ),
        [],
      ),
    }),
  ),
});

/** The results of `deploy`: times in ms, MACs per image. */
export type DeploymentPoint = v.InferOutput<typeof deploymentSchema>;
/** A layer with dead stripes: its chosen form, and all forms that were timed, `dense` first. */
export type FormsOfLayer = v.InferOutput<typeof layerSchema>;
type Form = v.InferOutput<typeof formSchema>;
type Layer = { readonly form: string; readonly forms: readonly Form[] };

/** Whether a layer was timed in any form besides dense. */
export const hadChoice = ({ forms }: { readonly forms: readonly unknown[] }): boolean => forms.length > 1;

export const denseForm = ({ forms }: Layer): Form => forms[0]!;

export const shippedForm = ({ form, forms }: Layer): Form => forms.find((one) => one.form === form)!;

/** The other forms that were timed, fastest first, without the dense one. */
export const otherForms = ({ form, forms }: Layer): Form[] =>
  forms
    .slice(1)
    .filter((one) => one.form !== form)
    .sort((a, b) => a.ms - b.ms);

/** The speed of the other forms relative to dense: `parts 4 1.23×`, `shift 32 0.91×`. */
export const otherFormTexts = (layer: Layer): string[] =>
  otherForms(layer).map(({ form, ms }) => `${form} ${formatRatio(denseForm(layer).ms / ms)}`);
