"""How a language model of this project is described."""

from pressroom.training.data import wordnet
from pressroom.training.exporting.model import Told
from pressroom.training.recipe import LanguageRecipe


def written(recipe: LanguageRecipe) -> Told:
    """By its recipe alone: all of them have learnt from the same text."""
    source = wordnet.SOURCE
    if recipe.network == "lstm":
        what = f"an LSTM of {recipe.layers} x {recipe.width}, which remembers"
        sizes = f"LSTM {recipe.layers} x {recipe.width}, embedding {recipe.embedding}"
    else:
        what = f"a transformer of {recipe.layers} layers, which looks back"
        sizes = (
            f"Llama's form, {recipe.layers} x {recipe.width}, {recipe.heads} heads, context {recipe.context}"
        )
    return Told(
        f"Short English in the manner of a dictionary: {what}. It goes on with a prompt as with a definition or an "
        "example, and answers no question.",
        f"{sizes}, {recipe.vocabulary} pieces",
        f"{source.title}, {source.licence}",
        f"Trained on definitions and examples of {source.title}.\n\n{source.licence_text}",
        {"temperature": 0.8, "max_tokens": 48},
        languages=("en",),
    )
