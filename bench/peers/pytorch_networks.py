#!/usr/bin/python3
"""The networks and training steps of bench:training in PyTorch on the CPU.

    pytorch_networks.py --arch unet --export FILE
    OMP_NUM_THREADS=2 pytorch_networks.py --arch unet --layout nhwc --batch 8 --steps 10

The first writes the network as an ONNX file, its BatchNormalization as it is. The second prints one JSON line: images per second
of whole training steps (forward, backward, SGD with momentum and weight decay) on random images, the fastest third of the steps
averaged. The loss is cross-entropy for classifiers; for the others it is the mean squared error to random maps.
--layout nchw is PyTorch's default, nhwc its channels_last. Debian's python3-torch and python3-torchvision (1.13, 0.14) will do.
"""

import argparse
import json
import time
import warnings

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

WARM_UP_STEPS = 2
CLASSES = 10


def convolutions(cin, cout):
    layers = []
    for channels in (cin, cout):
        layers += [nn.Conv2d(channels, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al. (MICCAI 2015), padded, with BatchNormalization, half as wide; 2 maps."""

    def __init__(self, widths=(32, 64, 128, 256, 512), maps=2):
        super().__init__()
        pairs = list(zip(widths, widths[1:]))
        self.first = convolutions(3, widths[0])
        self.down = nn.ModuleList(convolutions(a, b) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in reversed(pairs))
        self.merge = nn.ModuleList(convolutions(2 * a, a) for a, _ in reversed(pairs))
        self.last = nn.Conv2d(widths[0], maps, 1)

    def forward(self, x):
        levels = [self.first(x)]
        for block in self.down:
            levels.append(block(F.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([levels.pop(), up(x)], 1))
        return self.last(x)


def unit(cin, cout, kernel=1, stride=1):
    convolution = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(cout), nn.SiLU(inplace=True))


class Stage(nn.Module):
    """A cross-stage partial block: half of the channels pass through residual blocks, and all that comes between is joined."""

    def __init__(self, cin, cout, depth=1, residual=True):
        super().__init__()
        self.enter, self.leave = unit(cin, cout), unit((2 + depth) * cout // 2, cout)
        half = cout // 2
        self.blocks = nn.ModuleList(nn.Sequential(unit(half, half, 3), unit(half, half, 3)) for _ in range(depth))
        self.residual = residual

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]) + parts[-1] if self.residual else block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class Yolo(nn.Module):
    """A detector of the shape of YOLOv8 n: three levels, their maps of boxes and classes as rows of one result [N, 64 + 10, places]."""

    def __init__(self, widths=(16, 32, 64, 128, 256), maps=74):
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(unit(3, a, 3, 2), unit(a, b, 3, 2), Stage(b, b), unit(b, c, 3, 2), Stage(c, c, 2))
        self.middle = nn.Sequential(unit(c, d, 3, 2), Stage(d, d, 2))
        self.deep = nn.Sequential(unit(d, e, 3, 2), Stage(e, e))
        self.squeeze, self.pooled = unit(e, e // 2), unit(2 * e, e)
        self.up = nn.ModuleList([Stage(d + e, d, residual=False), Stage(c + d, c, residual=False)])
        self.shrink = nn.ModuleList([unit(c, c, 3, 2), unit(d, d, 3, 2)])
        self.down = nn.ModuleList([Stage(c + d, d, residual=False), Stage(d + e, e, residual=False)])
        self.heads = nn.ModuleList(nn.Sequential(unit(w, c, 3), unit(c, c, 3), nn.Conv2d(c, maps, 1)) for w in (c, d, e))

    def pyramid(self, x):
        levels = [self.squeeze(x)]
        for _ in range(3):
            levels.append(F.max_pool2d(levels[-1], 5, 1, 2))
        return self.pooled(torch.cat(levels, 1))

    def forward(self, image):
        shallow = self.stem(image)
        middle = self.middle(shallow)
        deep = self.pyramid(self.deep(middle))
        middle = self.up[0](torch.cat([F.interpolate(deep, scale_factor=2.0), middle], 1))
        shallow = self.up[1](torch.cat([F.interpolate(middle, scale_factor=2.0), shallow], 1))
        middle = self.down[0](torch.cat([self.shrink[0](shallow), middle], 1))
        deep = self.down[1](torch.cat([self.shrink[1](middle), deep], 1))
        return torch.cat([head(x).flatten(2) for head, x in zip(self.heads, (shallow, middle, deep))], 2)


# Name: how it is made, the size of its images.
NETWORKS = {
    "mobilenetv2": (lambda: torchvision.models.mobilenet_v2(weights=None, num_classes=CLASSES, dropout=0.0), 224),
    "mobilenetv3-small": (lambda: torchvision.models.mobilenet_v3_small(weights=None, num_classes=CLASSES, dropout=0.0), 224),
    "unet": (UNet, 128),
    "yolo": (Yolo, 256),
}


def export(network, size, path):
    torch.onnx.export(
        network.eval(),
        torch.randn(1, 3, size, size),
        path,
        opset_version=16,
        input_names=["image"],
        output_names=["result"],
        dynamic_axes={"image": {0: "N"}, "result": {0: "N"}},
        # Else the exporter folds BatchNormalization into convolutions.
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


def target_of(network, images):
    """A loss of the network's result: to random labels of a classifier, or to random maps."""
    with torch.no_grad():
        shape = network(images[:2]).shape[1:]
    if len(shape) == 1:
        labels = torch.randint(0, shape[0], (len(images),))
        return lambda result: F.cross_entropy(result, labels)
    maps = torch.randn(len(images), *shape)
    return lambda result: F.mse_loss(result, maps)


def seconds_of_steps(network, images, steps):
    loss_of = target_of(network, images)
    sgd = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    for _ in range(steps):
        start = time.perf_counter()
        sgd.zero_grad()
        loss_of(network(images)).backward()
        sgd.step()
        yield time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=NETWORKS, required=True)
    parser.add_argument("--export", metavar="FILE")
    parser.add_argument("--layout", choices=("nchw", "nhwc"), default="nhwc")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    build, size = NETWORKS[options.arch]
    if options.export:
        export(build(), size, options.export)
        return
    layout = torch.channels_last if options.layout == "nhwc" else torch.contiguous_format
    network = build().to(memory_format=layout).train()
    images = torch.randn(options.batch, 3, size, size).to(memory_format=layout)
    times = list(seconds_of_steps(network, images, options.steps))[WARM_UP_STEPS:]
    fastest = sorted(times)[: max(1, len(times) // 3)]
    print(json.dumps({"imagesPerSecond": round(options.batch * len(fastest) / sum(fastest), 1)}))


if __name__ == "__main__":
    main()
