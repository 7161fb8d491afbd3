"""Opens a built text model: its files, the variant for the device, and as many slots as the budget holds."""

from pathlib import Path

from pydantic import ValidationError

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.engines.base import EngineInfo, EngineUnavailable
from pressroom.engines.kernels.library import kernels as compiled
from pressroom.engines.sessions import Provider
from pressroom.engines.text.decoder import cache_form
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.drawing_kernels import drawer
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.guiding import Guides
from pressroom.engines.text.prompt import PromptReader
from pressroom.engines.text.variants import Request, open_variant

DEFAULT_SLOT_TOKENS = 2048
DEFAULT_KV_BYTES = 2 << 30
DEFAULT_PREFIX_BYTES = 128 << 20

# More rows than this only make every stream slower: the cores are busy well before.
MOST_SLOTS = 32


def open_text_engine(
    model_dir: Path,
    *,
    variant: str | None = None,
    provider: str = "auto",
    allow_cpu_fallback: bool = False,
    threads: int = 1,
    spinning: bool = False,
    kernels: bool = True,
    slots: int | None = None,
    slot_tokens: int = DEFAULT_SLOT_TOKENS,
    kv_budget_bytes: int = DEFAULT_KV_BYTES,
    prefix_bytes: int = DEFAULT_PREFIX_BYTES,
) -> TextEngine:
    """Open a built model (see ``pressroom.catalog.text_spec`` for the folder).

    ``variant`` defaults to the manifest's first. ``kernels`` uses our own where they are there. ``slots``
    (default ``MOST_SLOTS``) are rows of ``slot_tokens`` positions; all together they take ``kv_budget_bytes`` at most. On the CPU a row costs what is in it, so
    outputs are seated as far as the budget holds them; on a GPU fewer rows are made. ``prefix_bytes`` of
    keys and values are kept of what prompts begin with (0: none; none on a GPU). Raises
    ``EngineUnavailable`` and ``ProviderUnavailable``.
    """
    try:
        manifest = Manifest.model_validate_json((model_dir / "manifest.json").read_bytes())
        spec = read_text_spec(model_dir)
        tokenizer = load_tokenizer(model_dir / TOKENIZER_FILE)
    except (OSError, ValidationError) as error:
        raise EngineUnavailable(
            f"{model_dir} is not a built text model ({error}). Run `pressroom models pull {model_dir.name}`."
        ) from error
    request = Request(variant, Provider(provider), allow_cpu_fallback, threads, spinning, kernels)
    chosen, session = open_variant(model_dir, manifest, request)
    length = min(slot_tokens, spec.context)
    if manifest.text is not None:
        length = min(length, manifest.text.context)
    row_bytes = spec.row_bytes(length, None if spec.state == "recurrent" else cache_form(session).bytes)
    rows = kv_budget_bytes // row_bytes
    if rows < 1:
        raise EngineUnavailable(
            f"The key/value budget of {kv_budget_bytes} bytes holds no row of {length} tokens "
            f"({row_bytes} bytes). Raise the budget or shorten the slot."
        )
    full_rows_only = session.provider is Provider.CUDA or spec.state == "recurrent"
    count, most_tokens = _shared_out(
        MOST_SLOTS if slots is None else slots, rows, length, full_rows_only=full_rows_only
    )
    reader = PromptReader(tokenizer, spec)
    spelling = TokenBytes(tokenizer, spec.pieces, frozenset(spec.control_tokens))
    info = EngineInfo(
        manifest.name,
        manifest.version,
        session.provider.value,
        count,
        variant=chosen,
        kernels="pressroom" if session.own_operators else "onnxruntime",
    )
    return TextEngine(
        info,
        session,
        spec,
        reader,
        spelling,
        slot_tokens=length,
        most_tokens=most_tokens,
        prefix_bytes=prefix_bytes,
        guides=Guides(tokenizer, spec.vocab, frozenset(spec.end_ids)),
        drawer=drawer(compiled() if kernels else None, spec.vocab, threads),
    )


def _shared_out(slots: int, rows: int, length: int, *, full_rows_only: bool) -> tuple[int, int | None]:
    """How many slots there are, and how many tokens may be in them, when the budget holds so many full rows."""
    if full_rows_only or rows == 1:
        return min(slots, rows), None
    if slots <= rows:
        return slots, None
    return slots, (rows - 1) * length  # a row's worth is for the prompt that is being filled
