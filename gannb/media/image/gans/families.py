"""The families of GANs: networks and defaults. A new family is an entry in `FAMILIES`, and its networks.

Networks are named, not imported (`utils.later`), so that whoever asks what families there are needs no torch.

Shapes of items are (H, W, C); networks work on (N, C, H, W) in [-1, 1].
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from gannb.generators.adversarial.family import HINGE, NON_SATURATING, RELATIVISTIC, WASSERSTEIN
from gannb.media.image.augmentation.policies import POLICIES, Policy
from gannb.media.image.gans.family import ImageFamily, ProjectedFamily, StyleFamily, without_weights
from gannb.utils.later import Later

SMALLEST_CONVOLUTIONAL = 16  # pixels a side from which a study gets a convolutional family unless it names one


def _network(where: str) -> Later:
    return Later(f"gannb.media.image.gans.{where}")


_FAMILIES = (
    ImageFamily(
        name="projection",
        steps=4000,  # CAS .79 to .80 on Fashion-MNIST after 4,000 to 10,000, 100 per class
        generator=_network("projection:ConvGenerator"),
        discriminator=_network("projection:ConvDiscriminator"),
        loss=HINGE,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        auxiliary_weight=0.5,
    ),  # no augmentation: any made it worse within minutes
    ImageFamily(
        name="projection_r1",
        steps=4000,
        generator=_network("projection:ConvGenerator"),
        discriminator=partial(_network("projection:ConvDiscriminator"), norm=_network("layers:as_it_is")),
        loss=HINGE,
        noise=64,
        learning_rate=1.6e-3,  # 4e-4 and 8e-4 learn less in the same minutes: see benchmarks/README.md
        betas=(0.0, 0.99),
        auxiliary_weight=0.5,
        r1=1.0,
        penalty_every=4,
        augmentation=POLICIES["shift"],  # without it nearer to the draw, and no better after 6 minutes
    ),
    ImageFamily(
        name="mlp",
        steps=1000,  # more mostly copy more: nearest-neighbour ratio .80 here, .69 after 2,000, digits, 8 per class
        generator=_network("mlp:MlpGenerator"),
        discriminator=_network("mlp:MlpDiscriminator"),
        loss=HINGE,
        noise=32,
        batch=64,
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        ema=0.995,
        auxiliary_weight=0.5,
        augmentation=Policy(rotation=15, scale=0.15, p=0.7),  # no worse labels, less copying
        min_side=2,
        max_side=32,
    ),
    ImageFamily(
        name="dcgan",
        steps=4000,
        generator=_network("dcgan:DcganGenerator"),
        discriminator=_network("dcgan:DcganDiscriminator"),
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        r1=1.0,  # for forms that it would leave out: see benchmarks/README.md, as for the next two
        penalty_every=4,
    ),
    ImageFamily(
        name="dcgan_per_class",
        steps=6000,  # of one class each, in turn
        generator=partial(_network("layers:ByClass"), partial(_network("dcgan:DcganGenerator"), base=16)),
        discriminator=partial(
            _network("layers:ByClass"), partial(_network("dcgan:DcganDiscriminator"), base=16, planes=False)
        ),
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        r1=1.0,  # without it all images of a class became alike
        penalty_every=4,
        one_class_batches=True,
        # not `tuned`: where each class has networks of its own, none has anything from the others
        variations=("averaged", "truncated", "by_discriminator", "by_classifier", "fresh", "unlabelled"),
    ),
    ImageFamily(
        name="acgan",
        steps=4000,
        generator=_network("dcgan:DcganGenerator"),
        discriminator=partial(_network("dcgan:DcganDiscriminator"), planes=False, class_head=True),
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        auxiliary_weight=1.0,
        r1=1.0,  # the same
        penalty_every=4,
    ),
    ImageFamily(
        name="resnet",
        steps=2000,
        generator=_network("resnet:ResnetGenerator"),
        discriminator=_network("resnet:ResnetDiscriminator"),
        loss=HINGE,
        noise=128,
        learning_rate=4e-4,
        betas=(0.0, 0.9),
        auxiliary_weight=0.5,
    ),
    ImageFamily(
        name="r3gan",
        steps=2000,
        generator=_network("r3gan:R3Generator"),
        discriminator=_network("r3gan:R3Discriminator"),
        loss=RELATIVISTIC,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        r1=0.5,
        r2=0.5,
        penalty_every=4,  # theirs is every step; lazy, twice as many steps fit into a minute
    ),
    ImageFamily(
        name="wgan_gp",  # Gulrajani et al. 2017, section 4: no normalisation in the critic, five steps of it to one
        steps=1000,
        generator=_network("projection:ConvGenerator"),
        discriminator=_network("r3gan:R3Discriminator"),
        loss=WASSERSTEIN,
        noise=64,
        learning_rate=2e-4,
        betas=(0.0, 0.9),
        gradient_penalty=10.0,
        discriminator_steps=5,
    ),
    ImageFamily(
        name="progressive",
        steps=4000,
        generator=_network("progressive:ProgressiveGenerator"),
        discriminator=_network("progressive:ProgressiveDiscriminator"),
        loss=HINGE,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        auxiliary_weight=0.5,
        min_side=24,  # two levels
    ),
    ProjectedFamily(
        name="projected",
        steps=1500,
        generator=partial(_network("projection:ConvGenerator"), base=32, up=_network("projection:resized")),
        discriminator=without_weights,
        loss=HINGE,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        augmentation=replace(POLICIES["diffaugment"], flip=0.5, padding="reflection"),
        min_side=32,
        max_side=256,
    ),
    StyleFamily(
        name="style",
        steps=2000,
        generator=_network("style:StyleGenerator"),
        discriminator=_network("style:StyleDiscriminator"),
        loss=NON_SATURATING,
        noise=64,
        learning_rate=2e-3,
        betas=(0.0, 0.99),
        r1=0.1,
        penalty_every=16,  # Karras et al. 2020, appendix B
        augmentation=Policy(
            shift=1 / 8, rotation=15, scale=0.15, flip=0.5, brightness=0.3, saturation=0.5, contrast=0.3
        ),
        # noise has one length, which cannot be cut off
        variations=("averaged", "by_discriminator", "by_classifier", "fresh", "unlabelled", "tuned"),
        min_side=16,
        max_side=256,
    ),
)
FAMILIES: dict[str, ImageFamily] = {family.name: family for family in _FAMILIES}


def default_family(shape: tuple[int, ...]) -> str:
    """Name of the family that a study of items of this shape gets unless it names one: "mlp" for small images.

    Raises InputError where no family can make such items.
    """
    small = min(shape[:2]) < SMALLEST_CONVOLUTIONAL and max(shape[:2]) <= FAMILIES["mlp"].max_side
    name = "mlp" if small else "projection"
    FAMILIES[name].check(shape)
    return name
