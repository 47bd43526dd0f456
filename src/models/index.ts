import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { closestName } from '../suggest.ts';
import { defineNetwork, type ModelOptions, type NetworkDefinition, type ZooModel } from './network.ts';
import { demoNetwork } from './plain.ts';
import { cifarResnet, imagenetResnet } from './resnet.ts';
import { vgg } from './vgg.ts';

export type { ModelOptions, ZooModel } from './network.ts';

const definitions: Readonly<Record<string, NetworkDefinition>> = {
  'espalier-demo': demoNetwork,
  vgg11: vgg(11),
  vgg13: vgg(13),
  vgg16: vgg(16),
  vgg19: vgg(19),
  resnet20: cifarResnet(20, 'A'),
  resnet32: cifarResnet(32, 'A'),
  resnet44: cifarResnet(44, 'A'),
  resnet56: cifarResnet(56, 'A'),
  resnet110: cifarResnet(110, 'A'),
  'resnet20-b': cifarResnet(20, 'B'),
  'resnet32-b': cifarResnet(32, 'B'),
  'resnet44-b': cifarResnet(44, 'B'),
  'resnet56-b': cifarResnet(56, 'B'),
  'resnet110-b': cifarResnet(110, 'B'),
  resnet18: imagenetResnet(18),
  resnet34: imagenetResnet(34),
  resnet50: imagenetResnet(50),
};

/** The networks that are known by name. */
export const zoo: Readonly<Record<string, ZooModel>> = Object.fromEntries(
  Object.entries(definitions).map(([name, definition]) => [name, defineNetwork(name, definition)]),
);

/** Whether a network of this name is in the zoo. */
export const isModelName = (name: string): boolean => Object.hasOwn(zoo, name);

/** The network of a name with fresh, seeded parameters; throws `usage` on an unknown name. */
export function buildModel(name: string, options: ModelOptions = {}): Graph {
  if (isModelName(name)) return zoo[name]!.build(options);
  const names = Object.keys(zoo);
  const closest = closestName(name, names);
  const hint = closest ? `did you mean ${closest}? ` : '';
  throw new EspalierError('usage', `unknown model ${name}: ${hint}expected one of ${names.join(', ')}`);
}
