"""The picture model that comes first: it does what its manifest says. What holds of all is in ``test_zoo``.

The judge is a classifier that has never seen the model or its samples: the feature net of `pressroom evaluate`.
"""

import contextlib
import queue
import threading
from pathlib import Path

import numpy as np
import pytest

from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageGeneration, ImageOutput, Key
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.opening import open_image_engine
from pressroom.engines.image.latents import latent
from pressroom.engines.sessions import Provider, open_session
from pressroom.jobs.asked import resolved_params

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "model_zoo" / "vae-fashion"
JUDGE = REPOSITORY / "training" / "pressroom" / "training" / "measure" / "feature_net.onnx"
FASHION = slice(10, 20)  # its first ten classes are digits

MANIFEST = Manifest.model_validate_json((FOLDER / "manifest.json").read_text(encoding="utf-8"))
assert MANIFEST.image is not None
TRAITS: ImageTraits = MANIFEST.image

SAMPLES_A_LABEL = 60


@pytest.fixture(scope="module")
def engine() -> ImageEngine:
    opened = open_image_engine(FOLDER, MANIFEST, provider="cpu", gather_ms=0)
    opened.warm_up()
    return opened


def _draw(engine: ImageEngine, *requests: tuple[str, ImageParams]) -> dict[str, tuple[ImageOutput, ...]]:
    for name, params in requests:
        engine.admit(ImageGeneration(Key(name, 1), params))
    drawn: dict[str, tuple[ImageOutput, ...]] = {}
    while engine.load:
        drawn |= {outcome.key.job_id: outcome.images for outcome in engine.step().outcomes}
    return drawn


def test_the_manifests_figures_meet_the_goals() -> None:
    metrics = MANIFEST.metrics
    assert metrics["test_negative_elbo_nats"] <= 245
    assert metrics["class_accuracy"] >= 0.86


@pytest.mark.parametrize(
    ("given", "least"), [({"guidance": 1.0}, 0.80), ({}, 0.86)], ids=["no guidance", "default"]
)
def test_an_independent_classifier_finds_the_label(
    engine: ImageEngine, given: dict[str, float], least: float
) -> None:
    def asked_for(label: str) -> ImageParams:
        params = resolved_params(MANIFEST, {"label": label, "n": SAMPLES_A_LABEL, "seed": 7, **given})
        assert isinstance(params, ImageParams)
        return params

    requests = [(label, asked_for(label)) for label in TRAITS.labels]
    drawn = _draw(engine, *requests)
    pictures = np.stack([image.pixels for label in TRAITS.labels for image in drawn[label]])
    asked = np.repeat(np.arange(len(TRAITS.labels)), SAMPLES_A_LABEL)
    _, logits = open_session(JUDGE, Provider.CPU).run({"pixels": pictures.astype(np.float32) / 255})
    accuracy = (logits[:, FASHION].argmax(1) == asked).mean()
    assert accuracy >= least


def test_a_picture_is_the_same_alone_and_in_any_company(engine: ImageEngine) -> None:
    wanted = ImageParams(label="boot", n=3, seed=99, guidance=1.5)
    alone = _draw(engine, ("alone", wanted))["alone"]
    for others in (1, 5, 13, 40, 120):
        crowd = [
            (f"{number}", ImageParams(label=None, seed=number, guidance=number % 5 * 0.8))
            for number in range(others)
        ]
        among = _draw(engine, *crowd[: others // 2], ("among", wanted), *crowd[others // 2 :])["among"]
        assert [image.pixels.tobytes() for image in among] == [image.pixels.tobytes() for image in alone]


def test_64_jobs_of_two_tenants_ride_together() -> None:
    """Two threads bring 32 single-picture jobs each, and one loop drives the engine, as in a worker."""
    engine = open_image_engine(FOLDER, MANIFEST, provider="cpu")
    engine.warm_up()
    inbox: queue.SimpleQueue[ImageGeneration] = queue.SimpleQueue()

    def bring(tenant: str) -> None:
        for number in range(32):
            params = ImageParams(label=TRAITS.labels[number % 10], seed=number)
            inbox.put(ImageGeneration(Key(f"{tenant}-{number}", 1), params))

    tenants = [threading.Thread(target=bring, args=(name,)) for name in ("north", "south")]
    for tenant in tenants:
        tenant.start()
    done = 0
    while done < 64:
        with contextlib.suppress(queue.Empty):
            engine.admit(inbox.get(timeout=0.001))  # what the head of engine.py asks of a loop
            while True:
                engine.admit(inbox.get_nowait())
        done += len(engine.step().outcomes)
    for tenant in tenants:
        tenant.join()
    assert engine.rows == 64
    assert engine.rows / engine.batches >= 8


def test_guidance_changes_the_picture_and_0_ignores_the_label(engine: ImageEngine) -> None:
    def draw(label: str, guidance: float) -> bytes:
        params = ImageParams(label=label, seed=5, guidance=guidance)
        return _draw(engine, ("a", params))["a"][0].pixels.tobytes()

    assert draw("boot", 0) == draw("dress", 0)
    assert draw("boot", 1) != draw("dress", 1)
    assert len({draw("boot", guidance) for guidance in (0, 1, 2, 4)}) == 4


def test_the_encoder_finds_a_latent_that_decodes_to_the_picture(engine: ImageEngine) -> None:
    encoder = open_session(FOLDER / TRAITS.files["encoder"], Provider.CPU)
    decoder = open_session(FOLDER / TRAITS.files["decoder"], Provider.CPU)
    label, one = np.array([9]), np.ones(1, np.float32)
    z = latent(4, 0, TRAITS.latent)[None]
    picture = decoder.run({"z": z, "label": label, "guidance": one})[0]
    mean, log_variance = encoder.run({"pixels": picture, "label": label})
    again = decoder.run({"z": mean, "label": label, "guidance": one})[0]
    assert log_variance.shape == mean.shape == (1, TRAITS.latent)
    assert np.abs(again - picture).mean() < 0.05
