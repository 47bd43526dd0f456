import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { closestName } from '../suggest.ts';
import { families } from './families.ts';
import { mobilenetV1 } from './mobilenet-v1.ts';
import { cifarMobilenetV2, mobilenetV2 } from './mobilenet-v2.ts';
import { defineNetwork, type ModelOptions, type NetworkDefinition, type ZooModel } from './network.ts';
import { demoNetwork } from './plain.ts';
import { preactivationResnet } from './preactivation-resnet.ts';
import { repvgg } from './repvgg.ts';
import { cifarResnet, imagenetResnet } from './resnet.ts';
import { squeezeExcitationResnet } from './squeeze-excitation.ts';
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
  preresnet20: preactivationResnet(20),
  preresnet56: preactivationResnet(56),
  preresnet110: preactivationResnet(110),
  'se-resnet20': squeezeExcitationResnet(20),
  mobilenetv1: mobilenetV1(1),
  'mobilenetv1-0.75': mobilenetV1(0.75),
  'mobilenetv1-0.5': mobilenetV1(0.5),
  'mobilenetv1-0.25': mobilenetV1(0.25),
  mobilenetv2: mobilenetV2(1),
  'mobilenetv2-0.5': mobilenetV2(0.5),
  'mobilenetv2-cifar': cifarMobilenetV2(1),
  'mobilenetv2-cifar-0.5': cifarMobilenetV2(0.5),
  'repvgg-a0': repvgg('a0'),
  'repvgg-a1': repvgg('a1'),
  'repvgg-b0': repvgg('b0'),
};

/** The networks that are known by name, except families, which {@link zooModel} also finds. */
export const zoo: Readonly<Record<string, ZooModel>> = Object.fromEntries(
  Object.entries(definitions).map(([name, definition]) => [name, defineNetwork(name, definition)]),
);

/** The network with a name; null if there is none. */
export function zooModel(name: string): ZooModel | null {
  if (Object.hasOwn(zoo, name)) return zoo[name]!;
  const definition = families.map((family) => family.define(name)).find((found) => found !== null);
  return definition ? defineNetwork(name, definition) : null;
}

/** Whether there is a built-in network with this name. */
export const isModelName = (name: string): boolean => zooModel(name) !== null;

/**
 * Builds a network by name, with new parameters initialised by seed. Throws `usage` for an unknown name.
 *
 * @example
 * const network = buildModel('resnet20', { classes: 100, seed: 1 });
 */
export function buildModel(name: string, options: ModelOptions = {}): Graph {
  const model = zooModel(name);
  if (model) return model.build(options);
  const names = Object.keys(zoo);
  const closest = closestName(name, names);
  const hint = closest ? `did you mean ${closest}? ` : '';
  const known = [...names, ...families.map(({ form }) => form)].join(', ');
  throw new EspalierError('usage', `unknown model ${name}: ${hint}expected one of ${known}`);
}
