"""EfficientNet-Lite0: 3.4 million weights, at 288 px 0.63 billion multiplications; ResNet-18 has 1.8 at 224 px.

Source: Tan and Le 2019, EfficientNet: Rethinking Model Scaling for CNNs, table 1; the Lite variants leave out
squeeze-and-excitation, and have ReLU6 in place of swish. Written here and not taken from timm: `accelerate launch`
imports timm where there is one, and timm torchvision, before `torchvision_ops` can mend that for a CPU-only torch.
"""

from __future__ import annotations

import torch
from torch import nn

N_FEATURES = 1280
_STEM = 32
# Of each stage: expansion, channels, blocks, stride, kernel.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_NORM_EPS = 1e-3


class InvertedResidual(nn.Module):
    """Expansion, a convolution of each channel alone, projection; added to its input where that has the same shape."""

    def __init__(self, n_in: int, n_out: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide = n_in * expansion
        expand = _convolution(n_in, wide, 1) if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand, *_convolution(wide, wide, kernel, stride, groups=wide), *_convolution(wide, n_out, 1)[:-1]
        )
        self.is_added = stride == 1 and n_in == n_out

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layers(maps)
        return maps + out if self.is_added else out


def make_efficientnet_lite0() -> nn.Sequential:
    """The body, with random weights: five stages (see `learner.stages`), the last with `N_FEATURES` channels."""
    blocks, n_in = [], _STEM
    for expansion, n_out, n_blocks, stride, kernel in _STAGES:
        first = InvertedResidual(n_in, n_out, expansion, stride, kernel)
        others = [InvertedResidual(n_out, n_out, expansion, 1, kernel) for _ in range(n_blocks - 1)]
        blocks.append(nn.Sequential(first, *others))
        n_in = n_out
    return nn.Sequential(
        nn.Sequential(*_convolution(3, _STEM, 3, 2), blocks[0]),
        blocks[1],
        blocks[2],
        nn.Sequential(blocks[3], blocks[4]),
        nn.Sequential(blocks[5], blocks[6], *_convolution(n_in, N_FEATURES, 1)),
    )


def _convolution(n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution, its batch norm and ReLU6; at stride 2 padded as TensorFlow does where sides are even."""
    less = (kernel - stride) // 2
    padding = [nn.ZeroPad2d((less, less + 1, less, less + 1))] if stride == 2 else []
    around = 0 if padding else kernel // 2
    convolution = nn.Conv2d(n_in, n_out, kernel, stride, around, groups=groups, bias=False)
    return [*padding, convolution, nn.BatchNorm2d(n_out, eps=_NORM_EPS), nn.ReLU6(inplace=True)]
