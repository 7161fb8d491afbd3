"""Jobs of 256 pictures, and single pictures: through the whole service, and by LitServe and BentoML with batching on.

    make bench-image, or python benchmarks/image_peers.py [--rounds 5]

The same decoder, one thread, PNG files magnified to 112 by 112 pixels as by default, everybody in turn in each round:

    bare        decode and encode, in this process and one thread
    pressroom   POST, stored, claimed, drawn, stored again, told as done; and with all bytes fetched
    LitServe, BentoML   one request for 256 pictures; and 256 requests for one each, 64 at a time

Neither peer keeps anything: what is asked is lost with the process. Ours is there whatever happens.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from live_stack import key_for, live_stack
from record import record

from pressroom.catalog.manifest import Manifest
from pressroom.client import Client
from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageGeneration, Key
from pressroom.engines.image.encode import encode
from pressroom.engines.image.opening import open_image_engine
from pressroom.stack.ports import free_port

HERE = Path(__file__).parent
MODEL = HERE.parent / "model_zoo" / "vae-fashion"
PICTURES, HANDS = 256, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=Path("var/peers/pictures"), help="Their environment.")
    arguments = parser.parse_args()
    figures: dict[str, list[float]] = {}
    with (
        live_stack(image_gather_ms=5.0) as stack,
        _litserve(arguments.peers) as lit,
        _bentoml(arguments.peers) as bento,
        Client(stack.address, key_for(stack, "one")) as client,
    ):
        ways: dict[str, Callable[[int], float]] = {
            "bare_256": _bare(),
            "pressroom_256": lambda seed: _job(client, seed, fetch=False),
            "pressroom_256_fetched": lambda seed: _job(client, seed, fetch=True),
            "pressroom_1": lambda seed: _single(client, seed),
        }
        for name, ask in (("litserve", lit), ("bentoml", bento)):
            if ask is not None:
                ways[f"{name}_256"] = lambda seed, ask=ask: _timed(lambda: ask(seed, PICTURES))  # type: ignore[misc]
                ways[f"{name}_256_by_one"] = lambda seed, ask=ask: _by_one(ask, seed)  # type: ignore[misc]
                ways[f"{name}_1"] = lambda seed, ask=ask: _timed(lambda: ask(seed, 1))  # type: ignore[misc]
        for draw in ways.values():  # nobody's first time counts
            draw(0)
        for number in range(arguments.rounds):
            for name, draw in ways.items():
                figures.setdefault(name, []).append(draw(1_000 * (number + 1)))
    record("image_peers", _told(figures, arguments.rounds))


def _told(figures: dict[str, list[float]], rounds: int) -> dict[str, Any]:
    told: dict[str, Any] = {"rounds": rounds, "pictures": PICTURES}
    for name, seconds in figures.items():
        median = statistics.median(seconds)
        told[f"{name}_ms"] = [round(1000 * each, 1) for each in (min(seconds), median, max(seconds))]
        if "_256" in name:
            told[f"{name}_pictures_per_s"] = round(PICTURES / median)
    share = [bare / ours for bare, ours in zip(figures["bare_256"], figures["pressroom_256"], strict=True)]
    told["share_of_bare"] = round(statistics.median(share), 3)
    return told


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _bare() -> Callable[[int], float]:
    """The engine and the encoder, with nothing around them."""
    manifest = Manifest.model_validate_json((MODEL / "manifest.json").read_text(encoding="utf-8"))
    engine = open_image_engine(MODEL, manifest, provider="cpu", threads=1, gather_ms=0)
    engine.warm_up()

    def draw(seed: int) -> None:
        params = ImageParams(label="sneaker", n=PICTURES, seed=seed, guidance=1.5)
        engine.admit(ImageGeneration(Key(f"{seed}", 1), params))
        while engine.load:
            for outcome in engine.step().outcomes:
                assert len([encode(image, 4, "png") for image in outcome.images]) == PICTURES

    return lambda seed: _timed(lambda: draw(seed))


def _job(client: Client, seed: int, *, fetch: bool) -> float:
    def run() -> None:
        body = {
            "model": "vae-fashion",
            "params": {"label": "sneaker", "n": PICTURES, "seed": seed},
        }
        job = client.submit(body, wait_s=30)
        assert job.status == "succeeded", job
        assert len(job.outputs) == PICTURES
        if fetch:
            assert len(client.archive(job.id)) > PICTURES

    return _timed(run)


def _single(client: Client, seed: int) -> float:
    """One picture, with its bytes."""

    def run() -> None:
        body = {"model": "vae-fashion", "params": {"label": "sneaker", "seed": seed}}
        job = client.submit(body, wait_s=30)
        client.output(job, 0)

    return _timed(run)


Ask = Callable[[int, int], None]


def _by_one(ask: Ask, seed: int) -> float:
    def run() -> None:
        with ThreadPoolExecutor(HANDS) as hands:
            list(hands.map(lambda n: ask(seed + n, 1), range(PICTURES)))

    return _timed(run)


@contextmanager
def _litserve(peers: Path) -> Iterator[Ask | None]:
    port = free_port("127.0.0.1")
    command = [peers.resolve() / "bin" / "python", HERE / "peers" / "serve_litserve.py", MODEL, str(port)]

    def ask(seed: int, count: int) -> None:
        told = _posted(f"http://127.0.0.1:{port}/predict", {"first": seed, "n": count})
        assert len(told["pictures"]) == count

    with _served(peers, command, ask) as found:
        yield found


@contextmanager
def _bentoml(peers: Path) -> Iterator[Ask | None]:
    port = free_port("127.0.0.1")
    command = [peers.resolve() / "bin" / "bentoml", "serve", "serve_bentoml:Pictures", "--port", str(port)]

    def ask(seed: int, count: int) -> None:
        (told,) = _posted(f"http://127.0.0.1:{port}/draw", {"asked": [[seed, count]]})
        assert len(told) == count

    with _served(peers, command, ask) as found:
        yield found


@contextmanager
def _served(peers: Path, command: list[Any], ask: Ask) -> Iterator[Ask | None]:
    """The peer while it runs; None where its environment is not there."""
    if not (peers / "bin" / "python").exists():
        print(f"{peers} has no peers: theirs is left out")
        yield None
        return
    environment = {
        **os.environ,
        "PICTURES": str(MODEL),
        "BENTOML_DO_NOT_TRACK": "1",
        "LIT_SERVER_API_KEY": "",
    }
    environment.pop("LIT_SERVER_API_KEY")
    process = subprocess.Popen(
        command, cwd=HERE / "peers", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_it_answers(ask)
        yield ask
    finally:
        process.terminate()
        process.wait(30)


def _until_it_answers(ask: Ask) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            ask(0, 1)
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _posted(url: str, body: Any) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    main()
