import type { Node } from '../graph.ts';
import { knownOperator, type OperatorName } from './index.ts';

/** Properties of an operator that several passes use. */
interface OperatorTraits {
  /** An elementwise function that is used as an activation. */
  readonly activation?: true;
  /** A linear layer: y = x·W, or x ⋆ W, with W as its second input. */
  readonly linear?: true;
  /** The result contains the elements of the first input, in the same order, with another shape. */
  readonly reshapes?: true;
}

const activation = { activation: true } as const;
const linear = { linear: true } as const;
const reshapes = { reshapes: true } as const;

const traits: { readonly [Op in OperatorName]?: OperatorTraits } = {
  Relu: activation,
  Clip: activation,
  LeakyRelu: activation,
  PRelu: activation,
  Elu: activation,
  Celu: activation,
  Selu: activation,
  Gelu: activation,
  Sigmoid: activation,
  HardSigmoid: activation,
  HardSwish: activation,
  Tanh: activation,
  Softplus: activation,
  Softsign: activation,
  Mish: activation,
  ThresholdedRelu: activation,
  Conv: linear,
  ConvTranspose: linear,
  Gemm: linear,
  MatMul: linear,
  Reshape: reshapes,
  Flatten: reshapes,
  Squeeze: reshapes,
  Unsqueeze: reshapes,
};

/** The traits of a node's operator; none for operators and domains without rules. */
export function traitsOf(node: Node): OperatorTraits {
  const op = knownOperator(node);
  return (op && traits[op]) ?? {};
}
