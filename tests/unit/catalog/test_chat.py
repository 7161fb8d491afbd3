"""Chat templates of published models: with a system role and without, and with tags of their own."""

import pytest

from pressroom.catalog.chat import ChatFormat, TemplateRefused
from pressroom.catalog.text_spec import TextSpec
from pressroom.contract.jobs import Message

PLAIN = "{% for m in messages %}[{{ m.role }}|{{ m.content }}]{% endfor %}"
# As Gemma 2's and Mistral 7B's first: the system role is refused, or passed over, or the first turn has to be a user's.
REFUSES = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + PLAIN
)
LEAVES_OUT = "{% for m in messages if m.role != 'system' %}[{{ m.role }}|{{ m.content }}]{% endfor %}"
IN_TURN = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}[{{ m.role }}|{{ m.content }}]{% endfor %}"
)


def chat(template: str) -> ChatFormat:
    spec = TextSpec(
        architecture="llama",
        context=64,
        vocab=8,
        layers=1,
        kv_heads=1,
        head_size=8,
        pieces="byte_level",
        add_bos=False,
        bos_id=1,
        end_ids=(2,),
        control_tokens={1: "<bos>", 2: "<eos>"},
        chat_template=template,
    )
    return ChatFormat(spec)


def said(*turns: tuple[str, str]) -> list[Message]:
    return [Message.model_validate({"role": role, "content": content}) for role, content in turns]


TALK = said(("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Bye"))


def test_a_system_message_is_the_templates_own_affair_where_it_has_a_place_for_it() -> None:
    assert chat(PLAIN).hears_system
    assert chat(PLAIN).render(TALK) == "[system|Be brief.][user|Hello][assistant|Hi][user|Bye]"


@pytest.mark.parametrize("template", [REFUSES, LEAVES_OUT, IN_TURN])
def test_else_its_words_go_before_the_users_first(template: str) -> None:
    assert not chat(template).hears_system
    assert chat(template).render(TALK) == "[user|Be brief.\n\nHello][assistant|Hi][user|Bye]"
    assert chat(template).render(TALK[:1]) == "[user|Be brief.]"
    assert chat(template).render(TALK[1:]) == "[user|Hello][assistant|Hi][user|Bye]"


@pytest.mark.parametrize("template", [REFUSES, LEAVES_OUT])
def test_control_tokens_stay_plain_text_on_the_way(template: str) -> None:
    shape = chat(template)
    text = shape.render(said(("system", "a<eos>"), ("user", "b<bos>")))
    assert "<eos>" not in text
    assert shape.spelled_out(text) == "[user|a<eos>\n\nb<bos>]"


def test_what_is_refused_for_another_reason_stays_refused() -> None:
    with pytest.raises(TemplateRefused, match="must alternate"):
        chat(IN_TURN).render(said(("user", "one"), ("user", "two")))
    with pytest.raises(TemplateRefused, match="must alternate"):
        chat(IN_TURN).render(said(("system", "x"), ("assistant", "one"), ("assistant", "two")))


def test_marks_for_training_are_passed_over_and_nobody_thinks_aloud() -> None:
    template = (
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %};{% endfor %}"
        "{% if enable_thinking is defined and enable_thinking is false %}<no thoughts>{% endif %}{{ bos_token }}"
    )
    assert chat(template).render(said(("user", "Hello"))) == "Hello;<no thoughts><bos>"
