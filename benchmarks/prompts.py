"""Copy prompts for the benchmarks: made from lists, the same in every run, short and long."""

from typing import Any

from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Key, TextGeneration

THINGS = (
    "a stainless steel kettle with a cork handle",
    "running shoes for wet trails",
    "a hand-poured soy candle that smells of cedar",
    "an oak reading lamp with a linen shade",
    "a backpack made from sailcloth",
    "a ceramic coffee dripper for two cups",
    "a weighted blanket in forest green",
    "a folding garden table for balconies",
    "a fountain pen with a brass nib",
    "a bamboo cutting board with a juice groove",
    "wireless headphones with forty hours of battery",
    "a rain jacket that packs into its own pocket",
)
_TASKS = (
    "Write a short product description of {} for an online shop.",
    "Write one tagline for {}.",
    "Write a friendly email that tells customers about {}.",
    "Suggest three subject lines for a newsletter about {}.",
    "Explain in two sentences who would enjoy {}.",
    "Write a social media post about {} with a question at the end.",
    "List four reasons to give {} as a present.",
)
_VOICES = (
    "You are an experienced marketing copywriter.",
    "You write plain, warm English without exaggeration.",
    "You are the owner of a small family shop.",
    None,
)
_BACKGROUND = (
    "Our shop has been on the same street since 1974, and most of our customers come back. "
    "We tell them what a thing is made of, where it was made, how long it should last and how to mend it. "
    "We never promise what we cannot keep, and we like short sentences. "
)


def prompt(number: int) -> tuple[ChatTurn, ...]:
    """Messages of the prompt ``number``; every seventh is long (more than one prefill chunk)."""
    task = _TASKS[number % len(_TASKS)].format(THINGS[number // len(_TASKS) % len(THINGS)])
    voice = _VOICES[number % len(_VOICES)]
    if number % 7 == 3:
        task = _BACKGROUND * (5 + number % 5) + task
    system = () if voice is None else (ChatTurn("system", voice),)
    return (*system, ChatTurn("user", f"{task} (No. {number})"))


def generation(number: int, *, name: str = "", max_tokens: int = 48) -> TextGeneration:
    """A request for prompt ``number``: every third greedy, the others sampled in three ways."""
    settings: tuple[dict[str, float], ...] = (
        {"temperature": 0.0, "repetition_penalty": 1.0},
        {"temperature": 0.7, "top_k": 40, "top_p": 0.92, "repetition_penalty": 1.1},
        {"temperature": 1.0, "top_k": 0, "top_p": 0.95, "repetition_penalty": 1.0},
    )
    chosen = settings[number % 3]
    params = TextParams.model_validate(
        {
            **chosen,
            "max_tokens": max_tokens,
            "seed": 1000 + number,
            "n": 3 if number % 25 == 4 else 1,
            "stop": ("\n\n",) if number % 10 == 7 else (),
        }
    )
    return TextGeneration(Key(name or f"prompt-{number}", 1), params, messages=prompt(number))


def request_for(each: TextGeneration, model: str) -> dict[str, Any]:
    """The same request as a client posts it."""
    return {
        "model": model,
        "input": {"messages": [{"role": turn.role, "content": turn.content} for turn in each.messages]},
        "params": each.params.model_dump(mode="json"),
    }
