#!/usr/bin/python3
"""Writes torchvision's networks as ONNX files, with seeded random weights.

    export_torchvision.py --list
    export_torchvision.py NAME FOLDER [--dynamic-batch] [--free-size] [--opset N]

NAME is a classification network, or one of the detectors and segmenters below, which are exported whole, with their
post-processing. It is written to FOLDER/model.onnx for one image; what exceeds 2 GB is written beside it.
Debian's python3-torch and python3-torchvision will do. What a fresh network has of equal numbers (zeros of biases and
heads, scales of 1e-6, statistics of BatchNormalization) is drawn too: a channel taken for another then shows.
"""

import argparse
import json
import pathlib
import warnings

import torch
import torchvision

SIZES = {"inception_v3": 299}
DETECTORS = ("ssdlite320_mobilenet_v3_large", "retinanet_resnet50_fpn")
SEGMENTERS = ("lraspp_mobilenet_v3_large", "deeplabv3_resnet50")

# torch 1.13 cannot export x.zero_(), which the second Swin has.
torch.onnx.register_custom_op_symbolic("aten::zero", lambda g, x: g.op("Sub", x, x), 16)


class Segmented(torch.nn.Module):
    """The map of scores alone, out of the dictionary that torchvision's segmenters return."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return self.network(image)["out"]


def names():
    return torchvision.models.list_models(module=torchvision.models)


def build(name):
    torch.manual_seed(0)
    if name in DETECTORS:
        network = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None)
    elif name in SEGMENTERS:
        network = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)
    else:
        initialised = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        network = getattr(torchvision.models, name)(weights=None, **initialised)
    network.eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.05)
                module.running_var.uniform_(0.7, 1.4)
        for parameter in network.parameters():
            if (parameter - parameter.flatten()[0]).abs().max() == 0:
                spread = (0.7, 1.4) if parameter.flatten()[0] != 0 else (-0.05, 0.05)
                parameter.uniform_(*spread)
    return Segmented(network).eval() if name in SEGMENTERS else network


def axes(name, outputs, options):
    """The free axes of the image and of what a free size or batch reaches."""
    size = {2: "H", 3: "W"} if options.free_size else {}
    batch = {0: "N"} if options.dynamic_batch else {}
    result = batch | size if name in SEGMENTERS else batch
    dense = {"image": batch | size} | {output: result for output in outputs}
    detections = {output: {0: "found"} for output in outputs}
    return {"image": size} | detections if name in DETECTORS else dense


def export(name, folder, options):
    size = SIZES.get(name, 224)
    image = torch.randn(1, 3, size, size)
    outputs = ["boxes", "scores", "labels"] if name in DETECTORS else ["scores"]
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        build(name),
        image,
        str(folder / "model.onnx"),
        opset_version=options.opset,
        input_names=["image"],
        output_names=outputs,
        dynamic_axes=axes(name, outputs, options),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?")
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--dynamic-batch", action="store_true")
    parser.add_argument("--free-size", action="store_true", help="height and width of the image are free")
    parser.add_argument("--opset", type=int, default=16)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    if options.list:
        print(json.dumps({"names": names()}))
    elif options.name and options.folder:
        export(options.name, options.folder, options)
    else:
        parser.error("expected a name and a folder, or --list")


if __name__ == "__main__":
    main()
