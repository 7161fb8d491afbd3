"""Which room makes a recipe. Torch is loaded where a recipe needs it."""

import click

from pressroom.training.recipe import (
    AnyRecipe,
    DrawingsRecipe,
    EmbeddingsRecipe,
    FeaturesRecipe,
    FlowRecipe,
    FsqRecipe,
    GanRecipe,
    GaussianRecipe,
    IconsRecipe,
    LanguageRecipe,
    PreferenceRecipe,
    UpscaleRecipe,
    VaeRecipe,
)
from pressroom.training.run import Run


def make(recipe: AnyRecipe, run: Run) -> dict[str, float]:
    """By the room of its kind; the metrics. Raises TrainingError and DataError."""
    match recipe:
        case GaussianRecipe():
            from pressroom.training import gaussian_room

            return gaussian_room.make(recipe, run)
        case VaeRecipe():
            import torch

            from pressroom.training.vae import room

            if not recipe.channels:  # dense networks lose more to waking threads than they win
                torch.set_num_threads(1)
            return room.make(recipe, run)
        case GanRecipe():
            from pressroom.training.gan import room as gan_room

            return gan_room.make(recipe, run)
        case FsqRecipe():
            from pressroom.training.fsq import room as fsq_room

            return fsq_room.make(recipe, run)
        case FlowRecipe():
            from pressroom.training.flow import room as flow_room

            return flow_room.make(recipe, run)
        case IconsRecipe():
            from pressroom.training.icons import room as icons_room

            return icons_room.make(recipe, run)
        case UpscaleRecipe():
            from pressroom.training.upscale import room as upscale_room

            return upscale_room.make(recipe, run)
        case DrawingsRecipe():
            from pressroom.training.drawings import room as drawings_room

            return drawings_room.make(recipe, run)
        case PreferenceRecipe():
            from pressroom.training.preference import room as preference_room

            return preference_room.make(recipe, run)
        case FeaturesRecipe():
            from pressroom.training.features import room as features_room

            return features_room.make(recipe, run)
        case EmbeddingsRecipe():
            from pressroom.training.embeddings import room as embeddings_room

            return embeddings_room.make(recipe, run)
        case LanguageRecipe():
            from pressroom.training.language import room as language_room

            return language_room.make(recipe, run)


def not_installed(error: ModuleNotFoundError) -> Exception:
    """Of what only training needs; anything else that is missing is a bug."""
    missing = (error.name or "").partition(".")[0]
    if missing not in ("torch", "onnx", "onnxscript", "jinja2", "matplotlib", "resvg_py", "tensorboardX"):
        return error
    return click.ClickException(
        f"Training needs {missing}, which is not installed here: `pip install 'pressroom[train]'`."
    )
