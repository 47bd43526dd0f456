import type { Builder } from '../graph/builder.ts';
import type { Node, Value } from '../graph/graph.ts';
import { attributesOf, inputsOf, isOperator } from '../graph/operators/index.ts';

/** An activation that is composed of several nodes. */
interface Composition {
  readonly form: 'SwishTraining' | 'GeluTraining' | 'HardSwish' | 'Mish';
  readonly x: Value;
}

type ProducerOf = (value: Value) => Node | undefined;

/**
 * The activation whose last node is a given Mul, in the forms that exporters write: x·σ(x), x·HardSigmoid(x),
 * x·tanh(Softplus(x)) or ½x·(1 + erf(x/√2)); null for other nodes.
 */
export function composedActivation(node: Node, producerOf: ProducerOf): Composition | null {
  if (!isOperator(node, 'Mul')) return null;
  const given = node.inputs.filter((value) => value !== null);
  return compositionOf(given, producerOf) ?? compositionOf(factorsOf(node, producerOf), producerOf);
}

function compositionOf(factors: readonly Value[], producerOf: ProducerOf): Composition | null {
  for (const [i, factor] of factors.entries()) {
    const producer = producerOf(factor);
    const gate = producer && gateOf(producer, producerOf);
    const at = gate ? factors.indexOf(gate.x) : -1;
    if (!gate || at < 0) continue;
    const others = factors.filter((_, k) => k !== i && k !== at);
    if (Math.abs(constantOf(others) - gate.scale) < 1e-6) return { form: gate.form, x: gate.x };
  }
  return null;
}

/** Appends an activation. */
export const appendActivation = (g: Builder, { form, x }: Composition): Value => g[form](x);

/** The factors of a product, including those of nested products. */
function factorsOf({ inputs }: Node, producerOf: ProducerOf): Value[] {
  return inputs.flatMap((value) => {
    if (!value) return [];
    const producer = producerOf(value);
    return isOperator(producer, 'Mul') ? factorsOf(producer, producerOf) : [value];
  });
}

/** The product of constants; NaN if a factor is not constant. */
const constantOf = (factors: readonly Value[]): number =>
  factors.reduce((product, factor) => product * (numberOf(factor) ?? Number.NaN), 1);

const numberOf = ({ tensor }: Value): number | null =>
  tensor?.data.length === 1 ? Number(tensor.data[0]) : null;

/** The activation x·scale·gate(x) to which a gate belongs. */
function gateOf(node: Node, producerOf: ProducerOf): (Composition & { readonly scale: number }) | null {
  if (isOperator(node, 'Sigmoid')) return { form: 'SwishTraining', x: inputsOf(node, 'Sigmoid').x, scale: 1 };
  if (isOperator(node, 'HardSigmoid')) {
    const { alpha, beta } = attributesOf(node, 'HardSigmoid');
    const isHardSwish = Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5;
    return isHardSwish ? { form: 'HardSwish', x: inputsOf(node, 'HardSigmoid').x, scale: 1 } : null;
  }
  if (isOperator(node, 'Tanh')) {
    const softplus = producerOf(inputsOf(node, 'Tanh').x);
    return isOperator(softplus, 'Softplus')
      ? { form: 'Mish', x: inputsOf(softplus, 'Softplus').x, scale: 1 }
      : null;
  }
  return isOperator(node, 'Add') ? erfGateOf(node, producerOf) : null;
}

/** 1 + erf(x/√2). */
function erfGateOf(node: Node, producerOf: ProducerOf): (Composition & { readonly scale: number }) | null {
  const { a, b } = inputsOf(node, 'Add');
  const erf = [a, b].map(producerOf).find((producer) => isOperator(producer, 'Erf'));
  const isPlusOne = [a, b].some((value) => numberOf(value) === 1);
  const scaled = erf && isPlusOne && producerOf(inputsOf(erf, 'Erf').x);
  if (!scaled) return null;
  const [x, factor] = scaled.inputs as [Value, Value];
  const number = numberOf(factor);
  const slope = isOperator(scaled, 'Mul') ? number : isOperator(scaled, 'Div') && number ? 1 / number : null;
  if (slope === null || Math.abs(slope - Math.SQRT1_2) > 1e-6) return null;
  return { form: 'GeluTraining', x, scale: 0.5 };
}
