"""Each kind of network that makes pictures becomes a model that workers draw with: by a seed, alone as in any batch."""

from typing import TypeVar

import numpy as np
import pytest
import torch
from tests.unit.training.exporting.test_model import ABOUT

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageGeneration, Key, Outcome
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.latents import latent
from pressroom.engines.image.opening import open_image_engine
from pressroom.training.exporting.model import write_model
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.flow import graphs as flow
from pressroom.training.flow.model import Flow, FlowConfig
from pressroom.training.flow.pictures import FlowPictures
from pressroom.training.fsq import graphs as fsq
from pressroom.training.fsq.model import Fsq, FsqConfig
from pressroom.training.fsq.pictures import CodedPictures
from pressroom.training.gan import graphs as gan
from pressroom.training.gan.model import GanConfig, Generator
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.vae.model import Vae, VaeConfig

pytestmark = pytest.mark.train

LABELS = ("a", "b", "c")
_T = TypeVar("_T")


def _flow() -> tuple[Graph, int]:
    pictures = FlowPictures(
        Vae(VaeConfig(classes=0, hidden=(16, 24), latent=5)), Flow(FlowConfig(5, len(LABELS), 16, 2, steps=3))
    )
    return flow.decoder_graph(_stirred(pictures.flow, pictures)), 5


def _gan() -> tuple[Graph, int]:
    return gan.decoder_graph(Generator(GanConfig(6, 4)).eval()), 6


def _fsq() -> tuple[Graph, int]:
    network = Fsq(FsqConfig(28, 28, (4, 3), 4))
    gpt = Gpt(GptConfig(12 + len(LABELS) + 1, network.config.places, 16, 2, 2, 0.0))
    return fsq.decoder_graph(_stirred(gpt, CodedPictures(network, gpt, len(LABELS)))), network.config.places


def _stirred(network: torch.nn.Module, pictures: _T) -> _T:
    """With weights as training leaves them: layers begin as if they were not there, and classes alike."""
    for weights in network.parameters():
        weights.data += 0.3 * torch.randn(weights.shape)
    return pictures


KINDS = {"flow": (_flow, LABELS), "gan": (_gan, ()), "fsq": (_fsq, LABELS)}


@pytest.fixture(params=list(KINDS), scope="module")
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Graph, ImageTraits, ImageEngine]:
    make, labels = KINDS[request.param]
    torch.manual_seed(0)
    graph, size = make()
    traits = ImageTraits(
        labels=labels, height=28, width=28, channels=1, latent=size, files={"decoder": "decoder.onnx"}
    )
    folder = tmp_path_factory.mktemp("zoo") / "tiny"
    manifest = write_model(ABOUT, {"decoder": graph}, traits, folder)
    engine = open_image_engine(folder, manifest, max_batch=8, gather_ms=0)
    engine.warm_up()
    return graph, traits, engine


Exported = tuple[Graph, ImageTraits, ImageEngine]


def _drawn(engine: ImageEngine, *jobs: ImageParams) -> dict[str, Outcome]:
    for number, params in enumerate(jobs):
        engine.admit(ImageGeneration(Key(str(number), 1), params))
    outcomes: dict[str, Outcome] = {}
    while engine.load:
        outcomes |= {outcome.key.job_id: outcome for outcome in engine.step().outcomes}
    return outcomes


def _params(labels: tuple[str, ...], **given: object) -> ImageParams:
    return ImageParams.model_validate({"label": labels[1] if labels else None, **given})


def test_a_worker_draws_what_the_network_does(exported: Exported) -> None:
    graph, traits, engine = exported
    (outcome,) = _drawn(engine, _params(traits.labels, seed=3, n=2, guidance=2.0)).values()
    z = torch.from_numpy(np.stack([latent(3, index, traits.latent) for index in range(2)]))
    with torch.no_grad():
        expected = graph.module(
            z, torch.tensor([1, 1] if traits.labels else [0, 0]), torch.tensor([2.0, 2.0])
        )
    for image, pixels in zip(outcome.images, expected.numpy(), strict=True):
        assert np.abs(image.pixels.astype(int) - np.rint(pixels * 255).astype(int)).max() <= 1
        assert image.label == ("b" if traits.labels else None)
    assert not np.array_equal(outcome.images[0].pixels, outcome.images[1].pixels)


def test_a_picture_is_the_same_alone_and_beside_others(exported: Exported) -> None:
    _, traits, engine = exported
    wanted = _params(traits.labels, seed=5, guidance=1.5)
    (alone,) = _drawn(engine, wanted)["0"].images
    others = [_params(traits.labels, seed=seed, n=3) for seed in range(4)]
    (beside,) = _drawn(engine, *others, wanted)["4"].images
    assert np.array_equal(alone.pixels, beside.pixels)


def test_class_and_guidance_count_where_there_are_classes(exported: Exported) -> None:
    graph, traits, _ = exported
    z = torch.randn(1, traits.latent, generator=torch.Generator().manual_seed(1)).repeat(3, 1)
    with torch.no_grad():
        one, other, guided = graph.module(
            z, torch.tensor([0, len(traits.labels) and 1, 0]), torch.tensor([1.0, 1.0, 4.0])
        )
    # Rows of one batch may differ in their last bits.
    assert torch.allclose(one, other, atol=1e-5) is not bool(traits.labels)
    assert torch.allclose(one, guided, atol=1e-5) is not bool(traits.labels)


def test_a_class_that_it_does_not_have_is_refused(exported: Exported) -> None:
    _, traits, engine = exported
    outcome = _drawn(engine, ImageParams(label="boat", seed=1))["0"]
    assert outcome.error is not None
    expected = "one of a, b, c" if traits.labels else "leave the label away"
    assert expected in str(outcome.error)
