"""``python scripts/zoo_profanity.py``: turns the classifier of alt-profanity-check into the zoo's model ``profanity``.

For an environment of its own with alt-profanity-check (which pins scikit-learn and joblib) and onnx: its weights are pickled,
and Pressroom unpickles nothing. Writes the graph, the list of words, and what the original says of some texts.

    counts (B, V) ─ × idf ─ length 1 ─┬─ five linear machines ─ five sigmoids ─ mean ─> chances (B, 1)

The calibration is Platt's (1999), one a fold, as scikit-learn's CalibratedClassifierCV has it.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from profanity_check import profanity_check as original

FOLDER = Path(__file__).parents[1] / "model_zoo" / "profanity"

TEXTS = (
    "A warm oak floor lamp with a linen shade.",
    "You are a fucking idiot.",
    "Hell of a lamp!",
    "I hate this, and you can go to hell",
    "Scunthorpe United won again.",
    "The committee will meet on Tuesday to vote on the budget.",
    "what a stupid bitch",
    "A sexy red dress",
    "kill yourself",
    "Zzyzx qwerty",
    "This damn thing is bloody brilliant",
    "Shut up and take my money!",
)


def main() -> None:
    """Three files, and their marks for the manifest."""
    words, graph = _words(), _graph()
    (FOLDER / "words.json").write_text(json.dumps(words, ensure_ascii=False, indent=0), encoding="utf-8")
    onnx.save(graph, FOLDER / "reader.onnx")
    counts = np.zeros((len(TEXTS), len(words)), np.float32)
    analyse = original.vectorizer.build_analyzer()
    for n, text in enumerate(TEXTS):
        for word in analyse(text):
            if word in original.vectorizer.vocabulary_:
                counts[n, original.vectorizer.vocabulary_[word]] += 1
    chances = np.asarray(original.predict_prob(list(TEXTS)), np.float32)[:, None]
    arrays: dict[str, Any] = {
        "texts": np.array(TEXTS),
        "reader/in/counts": counts,
        "reader/out/chances": chances,
    }
    np.savez_compressed(FOLDER / "golden.npz", **arrays)
    for text, (chance,) in zip(TEXTS, chances, strict=True):
        print(f"{chance:.3f}  {text}")
    whole = hashlib.sha256()
    for name in ("golden.npz", "reader.onnx", "words.json"):
        content = (FOLDER / name).read_bytes()
        mark = hashlib.sha256(content).hexdigest()
        whole.update(f"{mark}  {name}\n".encode())
        print(f"{name}: {len(content)} bytes, sha256 {mark}")
    print(f"all of them: sha256 {whole.hexdigest()}; python {sys.version.split()[0]}")


def _words() -> list[str]:
    """In the order of their columns."""
    vocabulary = original.vectorizer.vocabulary_
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _graph() -> onnx.ModelProto:
    machines = original.model.calibrated_classifiers_
    linear = np.concatenate([each.estimator.coef_ for each in machines]).T  # (V, 5)
    slopes = np.array([each.calibrators[0].a_ for each in machines])
    # sigmoid(-(a (w·x + c) + b)) is sigmoid(x·(-a w) + (-a c - b)).
    weights = -slopes * linear
    biases = -slopes * np.concatenate([each.estimator.intercept_ for each in machines])
    biases -= np.array([each.calibrators[0].b_ for each in machines])
    constants = {
        "idf": original.vectorizer.idf_,
        "weights": weights,
        "biases": biases,
        "least": np.array(1e-12),
    }
    last, axes = np.array([-1], np.int64), {"keepdims": 1}
    nodes = [
        helper.make_node("Mul", ["counts", "idf"], ["weighed"]),
        helper.make_node("ReduceL2", ["weighed", "last"], ["length"], **axes),
        helper.make_node("Max", ["length", "least"], ["length.some"]),  # a text of unknown words has none
        helper.make_node("Div", ["weighed", "length.some"], ["direction"]),
        helper.make_node("MatMul", ["direction", "weights"], ["products"]),
        helper.make_node("Add", ["products", "biases"], ["odds"]),
        helper.make_node("Sigmoid", ["odds"], ["each"]),
        helper.make_node("ReduceMean", ["each", "last"], ["chances"], **axes),
    ]
    stored = [numpy_helper.from_array(np.asarray(each, np.float32), name) for name, each in constants.items()]
    graph = helper.make_graph(
        nodes,
        "profanity",
        [helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["B", len(linear)])],
        [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["B", 1])],
        [*stored, numpy_helper.from_array(last, "last")],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10, producer_name="pressroom"
    )


if __name__ == "__main__":
    main()
