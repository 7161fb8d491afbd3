"""The log-probabilities that a client asked for, of the token that was drawn and of the likeliest."""

from pressroom.domain.chances import TokenChance
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.drawing import Drawn


def spelled(drawn: Drawn, spelling: TokenBytes) -> TokenChance:
    """As the client is told of them."""
    chosen, *top = (
        TokenChance(token, spelling[token], chance)
        for token, chance in zip([drawn.token, *drawn.likeliest], drawn.logprobs, strict=True)
    )
    return TokenChance(chosen.id, chosen.spelling, chosen.logprob, tuple(top))
