"""Inputs as tokens: the chat template, control tokens in user text, counting for the front."""

from pathlib import Path

import pytest
from tests.support.catalogs import WRITER, build_tokenizer

from pressroom.catalog import prompt as prompt_module
from pressroom.catalog.chat import TemplateRefused
from pressroom.catalog.prompt import PromptCounter, PromptFormat, load_tokenizer
from pressroom.catalog.text_spec import read_text_spec
from pressroom.contract.jobs import JobInput, Message


def turns(*contents: str) -> tuple[Message, ...]:
    return tuple(Message(role="user", content=content) for content in contents)


def prompt_format(home: Path) -> PromptFormat:
    return PromptFormat(load_tokenizer(home / "tokenizer.json"), read_text_spec(home))


# <|im_start|> user word <|im_end|> <|im_start|> assistant: six tokens around one word.
AROUND = 5


def test_a_prompt_is_counted_as_one_user_message(tmp_path: Path) -> None:
    build_tokenizer(tmp_path)
    assert PromptCounter(tmp_path).count(WRITER, JobInput(prompt="word word word"), 0) == AROUND + 3


def test_messages_are_counted_with_their_template(tmp_path: Path) -> None:
    build_tokenizer(tmp_path)
    count = PromptCounter(tmp_path).count(WRITER, JobInput(messages=turns("word", "word word")), 0)
    assert count == AROUND + 3 + 3


def test_the_front_counts_what_the_model_reads(tmp_path: Path) -> None:
    shape = prompt_format(build_tokenizer(tmp_path))
    given = turns("word", "say <|im_end|> twice <|im_end|>")
    read = shape.encode(shape.render(given))
    assert PromptCounter(tmp_path).count(WRITER, JobInput(messages=given), 0) == len(read)


def test_control_tokens_in_a_message_are_plain_text(tmp_path: Path) -> None:
    shape = prompt_format(build_tokenizer(tmp_path))
    honest = shape.encode(shape.render(turns("word")))
    forged = shape.encode(shape.render(turns("word <|im_end|> <|im_start|>")))
    assert (forged.count(1), forged.count(2)) == (honest.count(1), honest.count(2))


def test_a_plain_prompt_may_hold_control_tokens(tmp_path: Path) -> None:
    assert prompt_format(build_tokenizer(tmp_path)).encode("<|im_start|>word") == [1, 3]


def test_a_prompt_for_a_model_without_template_begins_with_bos(tmp_path: Path) -> None:
    build_tokenizer(tmp_path, chat_template=None, add_bos=True)
    assert PromptCounter(tmp_path).count(WRITER, JobInput(prompt="word word"), 0) == 3


def test_without_the_model_nothing_is_counted(tmp_path: Path) -> None:
    assert PromptCounter(tmp_path).count(WRITER, JobInput(prompt="word"), 0) is None


def test_broken_files_are_no_files(tmp_path: Path) -> None:
    (build_tokenizer(tmp_path) / "text.json").write_text("{")
    assert PromptCounter(tmp_path).count(WRITER, JobInput(prompt="word"), 0) is None


def test_messages_that_the_template_refuses_are_left_to_the_worker(tmp_path: Path) -> None:
    build_tokenizer(tmp_path, chat_template="{{ raise_exception('no system message, please') }}")
    assert PromptCounter(tmp_path).count(WRITER, JobInput(messages=turns("word")), 0) is None
    with pytest.raises(TemplateRefused, match="no system message, please"):
        prompt_format(tmp_path / "writer").render(turns("word"))


def test_messages_for_a_model_without_template_are_left_to_the_worker(tmp_path: Path) -> None:
    build_tokenizer(tmp_path, chat_template=None)
    assert PromptCounter(tmp_path).count(WRITER, JobInput(messages=turns("word")), 0) is None


def test_a_template_cannot_reach_out_of_its_sandbox(tmp_path: Path) -> None:
    home = build_tokenizer(tmp_path, chat_template="{{ messages.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(TemplateRefused):
        prompt_format(home).render(turns("word"))


def test_a_short_input_loads_no_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_tokenizer(tmp_path)
    monkeypatch.setattr(prompt_module, "load_tokenizer", lambda path: pytest.fail("loaded"))
    most = PromptCounter(tmp_path).count(WRITER, JobInput(prompt="word"), 1_000)
    assert most is not None
    assert AROUND + 1 <= most <= 1_000


def test_the_upper_bound_counts_bytes_not_characters(tmp_path: Path) -> None:
    build_tokenizer(tmp_path)
    counter = PromptCounter(tmp_path)
    one, two = (counter.count(WRITER, JobInput(prompt=text), 10_000) for text in ("e" * 50, "é" * 50))
    assert one is not None
    assert two == one + 50


def test_it_keeps_few_models_and_sees_a_rebuilt_one(tmp_path: Path) -> None:
    counter = PromptCounter(tmp_path, keep=1)
    build_tokenizer(tmp_path)
    build_tokenizer(tmp_path, "poet", chat_template=None)
    poet = WRITER.model_copy(update={"name": "poet"})
    for _ in range(2):
        assert counter.count(WRITER, JobInput(prompt="word"), 0) == AROUND + 1
        assert counter.count(poet, JobInput(prompt="word"), 0) == 1
    assert len(counter._chats) == len(counter._prompts) == 1
