"""Losses and penalties of adversarial training: free functions of scores (N,), any real number, high for "real"."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al. 2018, equation 16)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def non_saturating_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-E[log sigmoid D(x)] - E[log(1 - sigmoid D(G(z)))] (Goodfellow et al. 2014, equation 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def non_saturating_generator(real: Tensor | None, fake: Tensor) -> Tensor:
    """-E[log sigmoid D(G(z))] (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[D(G(z))] - E[D(x)] (Arjovsky et al. 2017, equation 3), to be held back by `gradient_penalty`."""
    return fake.mean() - real.mean()


def linear_generator(real: Tensor | None, fake: Tensor) -> Tensor:
    """-E[D(G(z))]: the generator's side of the hinge (Miyato et al. 2018, equation 17) and of Wasserstein."""
    return -fake.mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[log(1 + exp(-(D(x) - D(G(z)))))] (Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2)."""
    return F.softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The reverse of `relativistic_discriminator`."""
    return F.softplus(real - fake).mean()


def auxiliary(logits: Tensor, labels: Tensor) -> Tensor:
    """-E[log P(class | x)] of an auxiliary class head (Odena et al. 2017, equation 3), logits (N, K).

    The discriminator learns it on reals alone, the generator on its own items.
    """
    return F.cross_entropy(logits, labels)


# ---- how sure the discriminator is ----


def sign_of_reals(real: Tensor, fake: Tensor) -> Tensor:
    """E[sign D(x)], -1..1, which nears 1 as D overfits (Karras et al. 2020, equation 1, r_t)."""
    return real.sign().mean()


def sign_of_pairs(real: Tensor, fake: Tensor) -> Tensor:
    """E[sign(D(x) - D(G(z)))], -1..1: the same where only differences of scores have a meaning."""
    return (real - fake).sign().mean()


# ---- penalties on the discriminator ----


def squared_gradients(scores: Tensor, items: Tensor) -> Tensor:
    """|grad D(x)|^2 of each item: scores (N,) of encoded items (N, ...) -> (N,), differentiable.

    Of the sum of all scores: where D has batch norm an item has a part in the others' scores, and that is in it too.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), items, create_graph=True)
    return gradients.square().sum(dim=tuple(range(1, gradients.ndim)))


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor, share: Tensor) -> Tensor:
    """E[(|grad D(x)| - 1)^2] at x = share * real + (1 - share) * fake, share (N,) uniform in 0..1.

    Gulrajani et al. 2017, equation 3; real and fake are encoded items (N, ...) with the same labels (N,).
    """
    share = share.view(-1, *[1] * (real.ndim - 1))
    between = (share * real + (1 - share) * fake).requires_grad_()
    norms = squared_gradients(discriminator(between, labels)[0], between).add(1e-12).sqrt()
    return (norms - 1).square().mean()


def lecam(real: Tensor, fake: Tensor, usual_real: Tensor, usual_fake: Tensor) -> Tensor:
    """E[max(0, D(x) - a_F)^2] + E[max(0, a_R - D(G(z)))^2] (Tseng et al. 2021, equation 6, where squares are whole;
    the authors' code has them of the positive parts, as here).

    usual_real (a_R), usual_fake (a_F): moving averages of the scores of reals and fakes, scalars.
    """
    return F.relu(real - usual_fake).square().mean() + F.relu(usual_real - fake).square().mean()


# ---- a floor under the spread of what is made ----


def spread_within(rows: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Mean of 1 - cosine over all pairs of one label, 0..2: rows (N, D) of length 1, labels (N,); 0 without a pair.

    From the sums of each label's rows, so that it takes no pair by itself; it waits for no device.
    """
    member = F.one_hot(labels, classes).to(rows.dtype)  # (N, K)
    cosines = (member.T @ rows).square().sum() - rows.square().sum()
    pairs = member.sum(0).square().sum() - len(rows)
    return (pairs - cosines) / pairs.clamp_min(1)


def floor(fake: Tensor, real: Tensor) -> Tensor:
    """max(0, 1 - s_F / s_R): by how much the spread of fakes falls short of that of reals, scalars."""
    return F.relu(1 - fake / real.clamp_min(1e-6))
