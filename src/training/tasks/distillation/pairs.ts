import { EspalierError } from '../../../errors.ts';
import {
  formatShape,
  type Graph,
  type Node,
  requiredInput,
  staticShape,
  type Value,
} from '../../../graph/graph.ts';
import { attributesOf, isOneOf, isOperator } from '../../../graph/operators/index.ts';
import { connections } from '../../../graph/topology.ts';
import { findClassScores } from '../../../measure/outputs/class-scores.ts';
import { zip } from '../../../numeric/zip.ts';
import { comparePoints } from '../../../rewrite/compare-points.ts';

/** The loss between a value of the student and one of the teacher. */
export type DistillationLoss = 'kl' | 'mse';

/** A loss chosen for an output. */
export interface ChosenLoss {
  readonly loss: DistillationLoss;
  readonly weight: number;
}

/** A value of the student and the value of the teacher that is its target, by name. */
export interface DistilledPair extends ChosenLoss {
  /** The student's output that is compared, directly or by another value. */
  readonly output: string;
  readonly student: string;
  readonly teacher: string;
  /** The shape in a training step. */
  readonly shape: readonly number[];
  /** For `kl`: the axis of each distribution; null if each element is a separate probability (Sigmoid). */
  readonly axis: number | null;
}

/**
 * The pairs of values that distillation compares: outputs with equal names, else outputs in order. If an output comes from
 * Softmax or Sigmoid, the input of that operator is compared; if it comes from operators that select or round
 * (NonMaxSuppression, TopK, ArgMax, Cast to integers), the outputs of the last layers before them. Class scores and inputs of
 * Softmax or Sigmoid have the loss `kl`, other values `mse`. Shapes must be fixed. Throws `usage` if outputs do not
 * correspond, or if a loss is chosen for an unknown output.
 */
export function distilledPairs(
  student: Graph,
  teacher: Graph,
  chosen: Readonly<Record<string, ChosenLoss>> = {},
): DistilledPair[] {
  const outputs = correspondingOutputs(student, teacher);
  const unknown = Object.keys(chosen).find((name) => !student.outputs.some((value) => value.name === name));
  if (unknown !== undefined) throw usage(`expected an output of ${listed(student.outputs)}`, unknown);
  const points = comparePoints(student, { ...teacher, outputs });
  const scores = findClassScores(student).value;
  const uses = connections(student).uses;
  const pairs = zip(student.outputs, outputs).flatMap(([output, other], i) => {
    const found = beforeScores(output, other, { student, teacher });
    const ordered = points[i]?.ordering ? points[i].points : null;
    const compared = found ? [found] : (ordered ?? [{ before: output, after: other }]);
    return compared
      .filter(({ before }) => isFloat(before))
      .map(({ before, after }) => {
        expectSameShape(output, before, after);
        const axis = found ? found.axis : feedsSigmoid(before, uses) ? null : 1;
        const isScores = found !== null || axis === null || output === scores;
        const { loss, weight } = chosen[output.name] ?? { loss: isScores ? 'kl' : 'mse', weight: 1 };
        return {
          ...{ output: output.name, student: before.name, teacher: after.name },
          ...{ shape: staticShape(before), loss, weight, axis },
        };
      });
  });
  if (pairs.length === 0)
    throw usage('expected an output of float32 numbers to distil, found none', student.name);
  // Outputs that select from the same values have one pair in common.
  return [...new Map(pairs.map((pair) => [pair.student, pair])).values()];
}

/** The teacher's outputs, in the order of the student's. */
function correspondingOutputs(student: Graph, teacher: Graph): Value[] {
  const named = student.outputs.map(({ name }) => teacher.outputs.find((value) => value.name === name));
  if (named.every((value) => value !== undefined)) return named;
  if (student.outputs.length === teacher.outputs.length) return teacher.outputs;
  const expected = `expected a teacher with the outputs ${listed(student.outputs)}`;
  throw usage(`${expected}, found ${listed(teacher.outputs)}`, teacher.name);
}

function expectSameShape({ name }: Value, before: Value, after: Value): void {
  const [own, other] = [formatShape(before.shape), formatShape(after.shape)];
  if (own === other) return;
  throw usage(`expected ${own} of the teacher, found ${after.name} ${other}`, name);
}

interface Sides {
  readonly student: Graph;
  readonly teacher: Graph;
}

/**
 * The inputs of Softmax, LogSoftmax or Sigmoid before an output; null if neither network has such an operator. Throws if only
 * one has.
 */
function beforeScores(output: Value, other: Value, { student, teacher }: Sides) {
  const [own, its] = [normalizing(student, output), normalizing(teacher, other)];
  if (!own && !its) return null;
  if (!own || !its || own.op !== its.op) {
    const kind = (node: Node | null) => node?.op ?? 'neither Softmax nor Sigmoid';
    throw usage(
      `expected a teacher whose ${other.name} comes from ${kind(own)}, found ${kind(its)}`,
      output.name,
    );
  }
  const [before, after] = [requiredInput(own, 0), requiredInput(its, 0)];
  return { before, after, axis: axisOf(own, staticShape(before).length) };
}

/** Operators that at most rearrange numbers. */
const keepsNumbers = isOneOf(
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Dropout',
);
const isNormalizing = isOneOf('Softmax', 'LogSoftmax', 'Sigmoid');

function normalizing(graph: Graph, output: Value): Node | null {
  const { producer } = connections(graph);
  let node = producer.get(output);
  while (node && keepsNumbers(node)) node = node.inputs[0] ? producer.get(node.inputs[0]) : undefined;
  return node && isNormalizing(node) ? node : null;
}

function axisOf(node: Node, rank: number): number | null {
  if (isOperator(node, 'Sigmoid')) return null;
  const { axis = -1 } = attributesOf(node, 'Softmax');
  return axis < 0 ? axis + rank : axis;
}

/** Whether a Sigmoid reads a value, possibly rearranged or concatenated. */
function feedsSigmoid(value: Value, uses: ReturnType<typeof connections>['uses']): boolean {
  return (uses.get(value) ?? []).some(({ node }) => {
    if (!node) return false;
    if (isOperator(node, 'Sigmoid')) return true;
    if (!keepsNumbers(node) && !isOperator(node, 'Concat')) return false;
    return node.outputs.some((next) => next !== null && feedsSigmoid(next, uses));
  });
}

const isFloat = ({ dtype }: Value): boolean => dtype === null || dtype === 'float32';

const listed = (values: readonly Value[]): string =>
  values.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ');

const usage = (message: string, where: string): EspalierError =>
  new EspalierError('usage', message, { where });
