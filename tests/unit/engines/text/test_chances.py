"""Log-probabilities as the engine reports them: the model's own, of the tokens that became the text."""

from pressroom.contract.params import TextParams
from pressroom.domain.chances import TokenChance
from pressroom.engines.base import ChatTurn, Key, TextGeneration, TextOutput
from pressroom.engines.text.engine import TextEngine, run_to_end


def _texts(engine: TextEngine, name: str = "a", **params: object) -> tuple[TextOutput, ...]:
    chosen = TextParams.model_validate({"seed": 3, "max_tokens": 12, "temperature": 1.2, **params})
    steps = run_to_end(engine, [TextGeneration(Key(name, 1), chosen, messages=(ChatTurn("user", "hello"),))])
    return steps[-1].outcomes[0].texts


def _chances(text: TextOutput) -> tuple[TokenChance, ...]:
    assert text.logprobs is not None
    return text.logprobs


def test_each_token_of_the_text_has_one(engine: TextEngine) -> None:
    for text in _texts(engine, n=2, logprobs=3):
        chances = _chances(text)
        assert len(chances) == text.tokens
        assert b"".join(chance.spelling for chance in chances).decode(errors="replace").startswith(text.text)
        for chance in chances:
            assert len(chance.top) == 3
            assert chance.logprob <= chance.top[0].logprob < 0
            assert [each.logprob for each in chance.top] == sorted(
                (e.logprob for e in chance.top), reverse=True
            )


def test_the_end_of_a_text_is_no_token_of_it(engine: TextEngine) -> None:
    ends = {str(token): 100 for token in engine._ends}
    (text,) = _texts(engine, logit_bias=ends, min_tokens=5, logprobs=0)
    assert (text.finish_reason, text.tokens, len(_chances(text))) == ("stop", 5, 5)
    assert all(chance.top == () for chance in _chances(text))


def test_nobody_who_did_not_ask_gets_any(engine: TextEngine) -> None:
    assert _texts(engine)[0].logprobs is None


def test_what_is_asked_changes_no_word_and_no_parameter_changes_what_is_told(engine: TextEngine) -> None:
    plain = _texts(engine)[0]
    told = _texts(engine, "b", logprobs=2)[0]
    assert (told.text, told.tokens) == (plain.text, plain.tokens)
    first = _chances(told)[0].top
    forced = {str(first[1].id): 100.0}
    bent = _texts(engine, "c", logprobs=2, temperature=0.1, logit_bias=forced, repetition_penalty=1.9)[0]
    assert _chances(bent)[0].id == first[1].id
    assert _chances(bent)[0].top == first  # the model's own, as before
    assert _chances(bent)[0].logprob == first[1].logprob


def test_they_go_through_json_and_back() -> None:
    top = (TokenChance(7, b"\xf0\x9f", -0.25), TokenChance(0, b"", -12.5))
    for chance in (TokenChance(7, b"\xf0\x9f", -0.25, top), TokenChance(3, b"A", 0.0)):
        assert TokenChance.of_row(chance.as_row()) == chance
