import { EspalierError } from '../../errors.ts';
import { type Attribute, ESPALIER_DOMAIN, type Node, nodeLabel, type Value } from '../graph.ts';
import type {
  AttributeKind,
  AttributeSchemas,
  GivenAttributes,
  NamedInputs,
  OperatorSchema,
  OutputTuple,
  ParsedAttributes,
} from './schema.ts';
import { standardOperators } from './standard.ts';
import { trainingOperators } from './training.ts';

/** All operators with rules, by name. The two domains have no name in common. */
export const operators = { ...standardOperators, ...trainingOperators };

/** The type of `operators`: inputs, outputs and attributes of each operator. */
export type OperatorTable = typeof operators;
/** The name of an operator of ONNX or of Espalier's own domain. */
export type OperatorName = keyof OperatorTable;
/** The name of an operator of ONNX. */
export type StandardOperatorName = keyof typeof standardOperators;
export type TrainingOperatorName = keyof typeof trainingOperators;
export type AttributesOf<Op extends OperatorName> = ParsedAttributes<OperatorTable[Op]['attributes']>;
/** The attributes of an operator as given to a builder. */
export type GivenAttributesOf<Op extends OperatorName> = GivenAttributes<OperatorTable[Op]['attributes']>;
/** The inputs of an operator, by name. */
export type InputsOf<Op extends OperatorName> = NamedInputs<OperatorTable[Op]['names']>;
/** The fixed number of outputs of an operator; 'variadic' if it depends on the node. */
export type OutputCount<Op extends OperatorName> = OperatorTable[Op]['outputs'];
/** The outputs of a node: the fixed ones, then optional ones. */
export type OutputsOf<Op extends OperatorName> = Op extends unknown
  ? OutputCount<Op> extends number
    ? readonly [...OutputTuple<OutputCount<Op>>, ...(Value | null)[]]
    : readonly Value[]
  : never;

/** The operator of a node; null for operators and domains without rules. */
export function knownOperator(node: Node): OperatorName | null {
  const table =
    node.domain === '' ? standardOperators : node.domain === ESPALIER_DOMAIN ? trainingOperators : null;
  return table && Object.hasOwn(table, node.op) ? (node.op as OperatorName) : null;
}

/** Whether a node has this operator, in the operator's domain. */
export const isOperator = <Op extends OperatorName>(
  node: Node | null | undefined,
  op: Op,
): node is Node & { readonly op: Op } => node?.op === op && node.domain === domainOf(op);

/** Returns a test whether a node has one of these operators, in their domains. */
export function isOneOf<Op extends OperatorName>(...ops: readonly Op[]) {
  const names: ReadonlySet<string> = new Set(ops);
  return (node: Node | null | undefined): node is Node & { readonly op: Op } =>
    !!node && names.has(node.op) && node.domain === domainOf(node.op as Op);
}

export function domainOf(op: OperatorName): string {
  return Object.hasOwn(trainingOperators, op) ? ESPALIER_DOMAIN : '';
}

/**
 * The inputs of a node by name. Throws, naming node and input, if a required one is missing.
 *
 * @example
 * const weights = graph.nodes.filter(({ op }) => op === 'Conv').map((node) => inputsOf(node, 'Conv').weight);
 */
export function inputsOf<Op extends OperatorName>(node: Node, op: Op): InputsOf<Op> {
  const named: Record<string, Value | null | readonly Value[]> = {};
  for (const [index, { name, kind }] of (operators[op] as OperatorSchema).inputs.entries()) {
    named[name] =
      kind === 'variadic'
        ? node.inputs.slice(index).map((value, i) => value ?? missing(node, `input ${name}[${i}]`))
        : (node.inputs[index] ?? (kind === 'optional' ? null : missing(node, `input ${name}`)));
  }
  return named as InputsOf<Op>;
}

/** The outputs of a node. Throws, naming the node, if a required one is missing. */
export function outputsOf<Op extends OperatorName>(node: Node, op: Op): OutputsOf<Op> {
  const { outputs: count } = operators[op];
  for (let i = 0; i < (count === 'variadic' ? node.outputs.length : count); i++) {
    if (!node.outputs[i]) missing(node, `output ${i}`);
  }
  return node.outputs as readonly (Value | null)[] as OutputsOf<Op>;
}

function missing(node: Node, what: string): never {
  throw new EspalierError('invalid-model', `${what} is missing`, { where: nodeLabel(node) });
}

/** The attributes of a node, with defaults. Throws if one has the wrong kind. */
export function attributesOf<Op extends OperatorName>(node: Node, op: Op): AttributesOf<Op> {
  const schemas: AttributeSchemas = (operators[op] as OperatorSchema).attributes;
  const parsed: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const attribute = node.attributes[name];
    if (attribute && attribute.kind !== schema.kind) throw wrongKind(node, name, schema.kind, attribute.kind);
    parsed[name] = attribute ? plainValue(attribute) : schema.default;
  }
  return parsed as AttributesOf<Op>;
}

function wrongKind(node: Node, name: string, expected: AttributeKind, found: string): EspalierError {
  const message = `attribute ${name}: expected ${expected}, found ${found}`;
  return new EspalierError('invalid-model', message, { where: nodeLabel(node) });
}

function plainValue(attribute: Attribute): unknown {
  if (attribute.kind === 'int') return Number(attribute.value);
  if (attribute.kind === 'ints') return attribute.value.map(Number);
  if (attribute.kind === 'string') return text(attribute.value);
  if (attribute.kind === 'strings') return attribute.value.map(text);
  return attribute.value;
}

/** Decodes UTF-8, or Latin-1 if the bytes are no UTF-8. */
const text = (value: string | Uint8Array): string =>
  typeof value === 'string' ? value : Array.from(value, (byte) => String.fromCharCode(byte)).join('');

/** Converts attributes given to a builder to the form that nodes store; undefined ones are omitted. */
export function makeAttributes<Op extends OperatorName>(
  op: Op,
  given: GivenAttributesOf<Op>,
): Node['attributes'] {
  const schemas: AttributeSchemas = (operators[op] as OperatorSchema).attributes;
  const made: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(given)) {
    const schema = schemas[name];
    if (!schema) throw new EspalierError('usage', `${op} has no attribute ${name}`);
    if (value !== undefined) made[name] = { kind: schema.kind, value } as Attribute;
  }
  return made;
}
