import type { Graph, Value } from '../../src/graph/graph.ts';
import { capturedValues, connections } from '../../src/graph/topology.ts';

const layers: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The names of what the last layers before a network's outputs give: its scores and boxes before anything chooses among them. */
export function headsOf(graph: Graph): string[] {
  const { producer } = connections(graph);
  const heads = new Set<string>();
  const seen = new Set<Value>();
  const stack = [...graph.outputs];
  for (let value = stack.pop(); value; value = stack.pop()) {
    const node = producer.get(value);
    if (!node || seen.has(value) || node.op === 'Shape') continue;
    seen.add(value);
    if (layers.has(node.op)) heads.add(value.name);
    else stack.push(...[...node.inputs, ...capturedValues(node)].filter((input) => input !== null));
  }
  return [...heads].sort();
}

/**
 * A model's bytes with further outputs: what follows a message of protocol buffers is merged into it, so that the file itself stays
 * as it is.
 */
export function withOutputs(file: Buffer, names: readonly string[]): Buffer {
  const outputs = names.map((name) => field(12, field(1, Buffer.from(name))));
  return Buffer.concat([file, field(7, Buffer.concat(outputs))]);
}

/** A field of bytes: its number and wire type 2, the length, the bytes. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest % 128) + 128);
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
}
