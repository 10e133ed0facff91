"""The usual PyTorch DCGAN, with which benchmark.py compares: 64x64x3, same networks and updates."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

SIZE, CHANNELS = 64, 3


def torch_step(batch_size: int, filters: int, precision: str) -> Callable[[], Any]:
    """Return a call that does a step of the usual PyTorch DCGAN: same networks and updates, channels last."""
    import torch
    from torch import nn

    generator, discriminator = torch_networks(filters)
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)
    optimizers = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
        for network in (discriminator, generator)
    ]
    loss = nn.BCEWithLogitsLoss()
    images = torch.rand(batch_size, CHANNELS, SIZE, SIZE).to(memory_format=torch.channels_last) * 2 - 1
    ones, zeros = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)

    def judge(pictures: Any, target: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = discriminator(pictures)
        return loss(logits.float(), target)

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            fakes = generator(torch.randn(batch_size, 100, 1, 1))
        optimizers[0].zero_grad()
        judge(images, ones).backward()
        judge(fakes.detach(), zeros).backward()
        optimizers[0].step()
        optimizers[1].zero_grad()
        generator_loss = judge(fakes, ones)
        generator_loss.backward()
        optimizers[1].step()
        return float(generator_loss.detach())

    return step


def torch_networks(filters: int) -> tuple[Any, Any]:
    """Return G and D as PyTorch modules, D without its sigmoid."""
    from torch import nn

    wide_to_narrow = [8 * filters, 4 * filters, 2 * filters, filters]
    layers: list[Any] = [nn.ConvTranspose2d(100, wide_to_narrow[0], 4, 1, 0, bias=False)]
    for wide, narrow in zip(wide_to_narrow, [*wide_to_narrow[1:], CHANNELS], strict=True):
        layers += [nn.BatchNorm2d(wide), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
    generator = nn.Sequential(*layers, nn.Tanh())
    layers = [nn.Conv2d(CHANNELS, filters, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for wide, narrow in reversed(list(itertools.pairwise(wide_to_narrow))):
        layers += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, True)]
    discriminator = nn.Sequential(*layers, nn.Conv2d(8 * filters, 1, 4, 1, 0, bias=False), nn.Flatten())
    return generator, discriminator
