/** A network that both sides train. */
export interface BenchNetwork {
  readonly name: string;
  /** The peer's script: that of CIFAR networks, or the one whose networks we train as it exports them. */
  readonly script: 'cifar' | 'exported';
  /** The zoo's name of a CIFAR network; `-b` has 1×1 convolutions with BatchNormalization as shortcuts, as the peer does. */
  readonly model?: string;
  /** Images a step, unless an option says otherwise. */
  readonly batch: number;
}

/** A network that is compared here: where ours is, and whether both sides also train filter skeletons. */
export interface ComparedNetwork {
  readonly name: string;
  /** The zoo's name or an .onnx file. */
  readonly model: string;
  readonly batch: number;
  readonly skeletons: boolean;
  /** The peer's script; null where it is missing. */
  readonly script: string | null;
}

/** MobileNetV2 and MobileNetV3 small on 224², the U-Net on 128², the detector of YOLOv8 n's shape on 256². */
export const networks: readonly BenchNetwork[] = [
  { name: 'resnet20', script: 'cifar', model: 'resnet20-b', batch: 128 },
  { name: 'resnet56', script: 'cifar', model: 'resnet56-b', batch: 128 },
  { name: 'vgg16', script: 'cifar', model: 'vgg16', batch: 128 },
  { name: 'mobilenetv2', script: 'exported', batch: 16 },
  { name: 'mobilenetv3-small', script: 'exported', batch: 32 },
  { name: 'unet', script: 'exported', batch: 8 },
  { name: 'yolo', script: 'exported', batch: 8 },
];
