#!/usr/bin/python3
"""Writes torchvision's classification networks as ONNX files, with seeded random weights.

    export_torchvision.py --list
    export_torchvision.py NAME FOLDER [--dynamic-batch]

NAME goes to FOLDER/model.onnx, opset 16, for one image; what a file of less than 2 GB cannot hold lies beside it.
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

# torch 1.13 cannot export x.zero_(), which the second Swin has.
torch.onnx.register_custom_op_symbolic("aten::zero", lambda g, x: g.op("Sub", x, x), 16)


def names():
    return torchvision.models.list_models(module=torchvision.models)


def build(name):
    torch.manual_seed(0)
    initialised = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    network = getattr(torchvision.models, name)(weights=None, **initialised).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.05)
                module.running_var.uniform_(0.7, 1.4)
        for parameter in network.parameters():
            if (parameter - parameter.flatten()[0]).abs().max() == 0:
                spread = (0.7, 1.4) if parameter.flatten()[0] != 0 else (-0.05, 0.05)
                parameter.uniform_(*spread)
    return network


def export(name, folder, dynamic_batch):
    size = SIZES.get(name, 224)
    image = torch.randn(1, 3, size, size)
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        build(name),
        image,
        str(folder / "model.onnx"),
        opset_version=16,
        input_names=["image"],
        output_names=["scores"],
        dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}} if dynamic_batch else None,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?")
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--dynamic-batch", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    if options.list:
        print(json.dumps({"names": names()}))
    elif options.name and options.folder:
        export(options.name, options.folder, options.dynamic_batch)
    else:
        parser.error("expected a name and a folder, or --list")


if __name__ == "__main__":
    main()
