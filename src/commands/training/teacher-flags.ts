import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
import type { Distilling } from '../../training/open-training.ts';
import type { DistillationOptions } from '../../training/tasks/distillation/distillation.ts';
import type { Context } from '../command.ts';
import { listOf, type Options, optional, positive, text } from '../flags.ts';
import { loadModel } from '../model.ts';

const pattern = /^.+=(kl|mse)(:(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?)?$/i;

/** Flags of training by another network's outputs. */
export const teacherFlags = {
  teacher: optional(
    '--teacher <model>',
    'train the model to give the outputs of this network, such as the original before pruning; --data is then any folder of images, and labels are not used',
    text,
  ),
  temperature: optional(
    '--temperature <x>',
    'with --teacher: temperature of class scores and probabilities (default: 2)',
    positive,
  ),
  loss: optional(
    '--loss <list>',
    "with --teacher: losses of outputs, such as boxes=mse:2,scores=kl; mse is the squared error by the teacher's variance (default: chosen by what each output is)",
    listOf(v.pipe(v.string(), v.regex(pattern, 'expected OUTPUT=kl or OUTPUT=mse, and a weight such as :2'))),
  ),
};

type TeacherOptions = Options<typeof teacherFlags>;

interface Conflicting extends TeacherOptions {
  readonly replicas?: number | undefined;
  readonly insertBatchnorm?: true | undefined;
}

/** Throws `usage` for flags that need a teacher, or that cannot be combined with one. */
export function checkTeacher({
  teacher,
  temperature,
  loss,
  replicas = 1,
  insertBatchnorm,
}: Conflicting): void {
  if (teacher === undefined) {
    const flag = temperature !== undefined ? '--temperature' : loss !== undefined ? '--loss' : null;
    if (flag) throw new EspalierError('usage', `${flag} needs --teacher`);
    return;
  }
  if (replicas > 1) throw new EspalierError('usage', '--teacher and --replicas cannot be combined');
  if (insertBatchnorm)
    throw new EspalierError('usage', '--teacher and --insert-batchnorm cannot be combined');
}

/** How a run distils; undefined without a teacher. */
export async function distillingOf(
  { teacher, temperature, loss }: TeacherOptions,
  context: Context,
): Promise<Distilling | undefined> {
  if (teacher === undefined) return undefined;
  const { graph } = await loadModel(teacher, context);
  return { teacher: graph, temperature, losses: loss && lossesOf(loss), onNote: context.note };
}

/** `output=mse:2`, as it is typed: a name may contain `=`. */
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
