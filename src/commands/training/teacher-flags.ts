import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
import type { Distilling } from '../../training/open-training.ts';
import type { DistillationOptions } from '../../training/tasks/distillation/distillation.ts';
import type { Context } from '../command.ts';
import { laterSwitch, listOf, numberIn, type Options, optional, positive, text } from '../flags.ts';
import { loadModel } from '../model.ts';

const pattern = /^.+=(kl|mse)(:(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?)?$/i;

/** Flags of training on the outputs of another network. */
export const teacherFlags = {
  teacher: optional(
    '--teacher <model>',
    'train the model to reproduce the outputs of this network, such as the original before pruning; --data is then any folder of images, and labels are not used',
    text,
  ),
  temperature: optional(
    '--temperature <x>',
    'with --teacher: temperature of class scores and probabilities (default: 2)',
    positive,
  ),
  featureWeight: optional(
    '--feature-weight <x>',
    'with --teacher: weight of the error of inner values that both networks have under the same name and shape; 0 disables it (default: 1)',
    numberIn(0),
  ),
  labelWeight: optional(
    '--label-weight <a>',
    'with --teacher and images by class: learn from labels, too, with the loss a·cross-entropy + (1 − a)·distillation (default: 0)',
    numberIn(0, 1),
  ),
  cacheTeacher: laterSwitch(
    '--cache-teacher',
    "with --teacher and --augmentation none: store the teacher's outputs in the run's folder, so that it runs once on each image",
  ),
  loss: optional(
    '--loss <list>',
    "with --teacher: losses of outputs, such as boxes=mse:2,scores=kl; mse is the squared error by the teacher's variance (default: by the kind of output)",
    listOf(v.pipe(v.string(), v.regex(pattern, 'expected OUTPUT=kl or OUTPUT=mse, and a weight such as :2'))),
  ),
};

type TeacherOptions = Options<typeof teacherFlags> & { readonly distill?: true | undefined };

/** Throws `usage` for flags that need a teacher, or that cannot be combined with one. */
export function checkTeacher({
  teacher,
  distill,
  replicas = 1,
  ...others
}: TeacherOptions & { readonly replicas?: number | undefined }): void {
  if (teacher !== undefined && replicas > 1)
    throw new EspalierError('usage', '--teacher and --replicas cannot be combined');
  if (teacher !== undefined || distill) return;
  const { temperature, featureWeight, labelWeight, cacheTeacher, loss } = others;
  const flags = { temperature, featureWeight, labelWeight, cacheTeacher, loss };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (given) throw new EspalierError('usage', `\`${given[0]}\` needs \`teacher\``);
}

/** The options that name the folder of a run. */
interface RunFolder {
  readonly out?: string | undefined;
  readonly resume?: string | undefined;
}

/** The options of distillation; undefined without a teacher. With `distill` and no teacher, it is the model itself. */
export async function distillingOf(
  {
    teacher,
    distill,
    loss,
    temperature,
    featureWeight,
    labelWeight,
    cacheTeacher,
    out,
    resume,
  }: TeacherOptions & RunFolder,
  context: Context,
): Promise<Distilling | undefined> {
  if (teacher === undefined && !distill) return undefined;
  const loaded = teacher === undefined ? {} : { teacher: (await loadModel(teacher, context)).graph };
  const cache = cacheTeacher && (resume ?? out);
  const settings = { temperature, featureWeight, labelWeight, cache, losses: loss && lossesOf(loss) };
  return { ...loaded, ...settings, onNote: context.note };
}

/** Parses `output=mse:2`; a name may contain `=`. */
const lossesOf = (terms: readonly string[]): DistillationOptions['losses'] =>
  Object.fromEntries(
    terms.map((term) => {
      const at = term.lastIndexOf('=');
      const [loss, weight = '1'] = term.slice(at + 1).split(':');
      return [
        term.slice(0, at),
        { loss: loss!.toLowerCase() === 'kl' ? 'kl' : 'mse', weight: Number(weight) },
      ];
    }),
  );
