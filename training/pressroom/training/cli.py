"""The commands of the training room. Each trains, measures, exports, checks and publishes one model."""

from pathlib import Path

import click
import torch

from pressroom.catalog.manifest import ImageTraits
from pressroom.training import parity, publish
from pressroom.training import recipe as recipes
from pressroom.training.commands import OUT, train
from pressroom.training.data import fashion_mnist, idx
from pressroom.training.data.errors import DataError
from pressroom.training.export import export
from pressroom.training.loop.errors import TrainingError
from pressroom.training.recipe import VaeRecipe
from pressroom.training.run import Run
from pressroom.training.vae import evaluate as evaluation
from pressroom.training.vae.classifier import Classifier, train_classifier
from pressroom.training.vae.graphs import classifier_graph, decoder_graph, encoder_graph
from pressroom.training.vae.model import Vae
from pressroom.training.vae.room import fit

JUDGE = Path("var/data/fashion-classifier.pt")
SHEET_COLUMNS = 12

NOTICE = f"""\
vae-fashion: weights of a small variational autoencoder, made by `python -m pressroom.training vae-fashion`.

Weights: Apache-2.0, like the rest of Pressroom (see LICENSE at the top of the repository).

Trained on Fashion-MNIST, {fashion_mnist.SOURCE.licence}
(zalandoresearch/fashion-mnist, arXiv:1708.07747), whose licence reads:

The MIT License (MIT)

Copyright © 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

data_option = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the four idx files of Fashion-MNIST. Without it they are looked for, then fetched.",
)


@click.group()
def main() -> None:
    """Train Pressroom's own models. Needs the `train` extra (torch)."""
    torch.set_num_threads(1)


main.add_command(train)


@main.command("vae-fashion")
@data_option
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Seconds of CPU time. [default: 300]",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Instead of --budget: gives the same weights again."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--kl-weight",
    type=click.FloatRange(min=0, min_open=True),
    default=2.5,
    show_default=True,
    help="Above 1, samples fit their label better and the ELBO pays for it.",
)
@click.option(
    "--judge",
    type=click.Path(path_type=Path),
    default=JUDGE,
    show_default=True,
    help="The classifier that judges the samples; trained first when the file is not there.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=100),
    default=5000,
    show_default=True,
    help="Pictures that the classifier judges.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=OUT / "vae-fashion",
    show_default=True,
    help="Where checkpoints, logs and curves are kept; a run that was broken off there goes on.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("model_zoo/vae-fashion"),
              show_default=True)  # fmt: skip
def vae_fashion(
    data: Path | None,
    budget: float | None,
    epochs: int | None,
    seed: int,
    kl_weight: float,
    judge: Path,
    samples: int,
    work: Path,
    out: Path,
) -> None:
    """The article's dense VAE on Fashion-MNIST: train, evaluate, export, check parity, publish."""
    if budget is not None and epochs is not None:
        raise click.UsageError("give --budget or --epochs, not both")
    seconds = None if epochs is not None else 300.0 if budget is None else budget
    recipe = recipes.load("cvae-fashion", {"epochs": epochs, "cpu_seconds": seconds}, seed)
    assert isinstance(recipe, VaeRecipe)
    recipe = recipe.model_copy(update={"beta": kl_weight})
    work.mkdir(parents=True, exist_ok=True)
    try:
        pictures = idx.load(fashion_mnist.SOURCE, data, say=click.echo)
        classifier = _judge(judge, pictures)
        vae, _ = fit(recipe, pictures, Run(work, click.echo, data))
    except (DataError, TrainingError) as error:
        raise click.ClickException(str(error)) from error
    metrics = {
        **evaluation.bounds(vae, pictures.test).as_dict(),
        **evaluation.judged(vae, classifier, pictures.test, samples=samples).as_dict(),
    }
    click.echo(f"test: {metrics}")
    differences = _write_files(vae, out)
    manifest = publish.write_manifest(
        out,
        name="vae-fashion",
        version="1.0.0",
        title="Fashion VAE",
        description="Small grey pictures of clothes in ten classes, 28 × 28 pixels: a dense variational "
        "autoencoder (784-256-512-32), conditional on the class, with guidance.",
        origin="Trained by this project on Fashion-MNIST (Zalando SE, MIT): python -m pressroom.training "
        f"vae-fashion {f'--epochs {epochs}' if epochs else f'--budget {seconds:g}'} "
        f"--kl-weight {kl_weight:g} --seed {seed}.",
        traits=ImageTraits(
            labels=fashion_mnist.SOURCE.labels,
            height=vae.config.height,
            width=vae.config.width,
            channels=1,
            latent=vae.config.latent,
            files={"decoder": "decoder.onnx", "encoder": "encoder.onnx"},
        ),
        # Crisper to the eye than the model's own 1, and the label is found more often.
        defaults={"guidance": evaluation.GUIDED},
        metrics={**metrics, **differences},
    )
    click.echo(f"{out}: {manifest.name} {manifest.version}, weights {manifest.sha256[:12]}")


@main.command("classifier-fashion")
@data_option
@click.option(
    "--judge",
    type=click.Path(path_type=Path),
    default=JUDGE,
    show_default=True,
    help="Where the classifier's torch weights are kept.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The ONNX file to write.")  # fmt: skip
def classifier_fashion(data: Path | None, judge: Path, out: Path) -> None:
    """The independent judge of samples, as ONNX, so that tests can ask it without torch."""
    try:
        pictures = idx.load(fashion_mnist.SOURCE, data, say=click.echo)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    graph = classifier_graph(_judge(judge, pictures))
    export(graph, out)
    click.echo(f"{out}: parity {parity.require_parity(graph, out):.1e}")


def _judge(path: Path, pictures: idx.Pictures) -> Classifier:
    """Load the classifier, or train and keep it."""
    classifier = Classifier()
    if path.is_file():
        classifier.load_state_dict(torch.load(path, weights_only=True))
        return classifier.eval()
    click.echo("training the classifier that judges the samples")
    classifier = train_classifier(
        pictures.train, report=lambda epoch, loss: click.echo(f"classifier epoch {epoch}: loss {loss:.3f}")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(classifier.state_dict(), path)
    return classifier


def _write_files(vae: Vae, out: Path) -> dict[str, float]:
    """Both graphs, checked against torch, with the sample sheet and the licence note."""
    differences = {}
    for graph in (decoder_graph(vae), encoder_graph(vae)):
        path = out / f"{graph.name}.onnx"
        export(graph, path)
        differences[f"parity_{graph.name}"] = parity.require_parity(graph, path)
        click.echo(f"{path}: parity {differences[f'parity_{graph.name}']:.1e}")
    labels = torch.arange(vae.config.classes).repeat_interleave(SHEET_COLUMNS)  # a class a row
    pixels = (evaluation.sample(vae, labels) * 255).round().byte().numpy()
    evaluation.grid(pixels, columns=SHEET_COLUMNS).save(out / "samples.png", optimize=True)
    (out / "LICENSE").write_text(NOTICE, encoding="utf-8")
    return differences
