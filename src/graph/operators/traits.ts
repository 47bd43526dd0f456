import type { Node } from '../graph.ts';
import { knownOperator, type OperatorName } from './index.ts';

/** Facts about an operator that several passes ask for. */
interface OperatorTraits {
  /** A function of each element alone that networks use as an activation. */
  readonly activation?: true;
  /** A linear layer: y = x·W, or x ⋆ W, with W as its second input. */
  readonly linear?: true;
  /** The result holds the elements of the first input, in their order, in another shape. */
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

/** The traits of a node's operator; none for operators and domains that no rule here knows. */
export function traitsOf(node: Node): OperatorTraits {
  const op = knownOperator(node);
  return (op && traits[op]) ?? {};
}
