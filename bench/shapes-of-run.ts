/**
 * A network whose filters have the shapes that a recorded run learned: latency depends on shapes and not on weights, so that it can be
 * measured again where the weights are not at hand. MODEL is the network that the run started from, or any of its architecture.
 * `npx tsx bench/shapes-of-run.ts docs/runs/vgg16-shapes vgg16 masked.onnx`
 */
import { openModel } from '../src/commands/model.ts';
import { EspalierError } from '../src/errors.ts';
import { type Graph, nodeName } from '../src/graph/graph.ts';
import { writeModelFile } from '../src/onnx/model-file.ts';
import { type WeightMasks, withMasks } from '../src/pruning/granularity/masks.ts';
import type { LayerShapes } from '../src/stripes/shapes.ts';
import { openRunDirectory } from '../src/training/run-directory.ts';

const [folder, name, out] = process.argv.slice(2);
if (!folder || !name || !out) throw new Error('usage: npx tsx bench/shapes-of-run.ts DIR MODEL OUT.onnx');
const found = openRunDirectory(folder)
  .readEvents()
  .findLast(({ type }) => type === 'shapes');
if (!found) throw new Error(`${folder}: expected learned shapes, found none`);
const { graph } = await openModel(name);
writeModelFile(withMasks(graph, masksOf(graph, found.shapes as LayerShapes[])), out);

function masksOf(network: Graph, shapes: readonly LayerShapes[]): WeightMasks {
  const weights = new Map(network.nodes.map((node) => [nodeName(node), node.inputs[1]] as const));
  return new Map(
    shapes.map(({ layer, masks }) => {
      const weight = weights.get(layer);
      const [filters, channels = 0, kH = 0, kW = 0] = weight?.tensor?.shape ?? [];
      if (!weight || filters !== masks.length)
        throw new EspalierError('usage', `${layer}: expected ${masks.length} filters, found ${filters ?? 0}`);
      const mask = new Float32Array(filters * channels * kH * kW);
      for (let i = 0; i < mask.length; i++) {
        const filter = masks[Math.floor(i / (channels * kH * kW))]!;
        mask[i] = (filter >> (i % (kH * kW))) & 1;
      }
      return [weight.name, mask] as const;
    }),
  );
}
