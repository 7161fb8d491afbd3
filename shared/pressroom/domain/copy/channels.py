"""Where copy is published, and how long it may be there, counted as the place itself counts.

characters   what a reader would count: code points, composed (NFC)
tweet        280 units: most scripts 1, Chinese, Japanese, Korean and emoji 2, an address 23 (twitter-text 3, its configuration v3)
sms          160 septets of GSM 03.38 (brackets, braces, the euro sign: 2), or 70 UTF-16 units where a sign is not in it
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Ending = Literal["sentence", "none", "any"]


@dataclass(frozen=True, slots=True)
class Channel:
    """``limit`` is in what ``count`` counts. ``ending``: a text there ends with a whole sentence, or, as a title does, without a
    mark, or in any way."""

    name: str
    limit: int
    ending: Ending = "sentence"
    counted: Literal["characters", "tweet", "sms"] = "characters"

    def count(self, text: str) -> int:
        """How long a text is here."""
        return _COUNTS[self.counted](text)

    def most(self, text: str) -> int:
        """How long it may be: a message with a sign beyond GSM 03.38 has less room."""
        return 70 if self.counted == "sms" and not _is_gsm(text) else self.limit

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.most(text)

    def ends_well(self, text: str) -> bool:
        """Whether it ends as texts do here; an address may stand behind its last sentence."""
        text = _LAST_ADDRESS.sub("", text).rstrip()
        if self.ending == "any":
            return True
        whole = _SENTENCE_END.search(text) is not None
        return whole if self.ending == "sentence" else not whole or text.endswith(("!", "?", "！", "？"))


def _characters(text: str) -> int:
    return len(unicodedata.normalize("NFC", text))


# -- tweets ---------------------------------------------------------------------------------------
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_ADDRESS = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_LAST_ADDRESS = re.compile(r"\s+https?://[^\s]+\s*$", re.IGNORECASE)
_ADDRESS_COUNTS = 23
# A sign that is shown as one picture: emoji with their joiners, tones, selectors; flags; keycaps.
_BASE = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff]"
_TONE = "[\U0001f3fb-\U0001f3ff]?\ufe0f?"
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_BASE}{_TONE}(?:\u200d{_BASE}{_TONE})*"
)


def _tweet(text: str) -> int:
    text = unicodedata.normalize("NFC", text)
    text, addresses = _ADDRESS.subn("", text)
    text, emoji = _EMOJI.subn("", text)
    weights = (1 if any(low <= ord(sign) <= high for low, high in _LIGHT) else 2 for sign in text)
    return sum(weights) + 2 * emoji + _ADDRESS_COUNTS * addresses


# -- short messages -------------------------------------------------------------------------------
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")


def _is_gsm(text: str) -> bool:
    return all(sign in _GSM or sign in _GSM_TWICE for sign in text)


def _sms(text: str) -> int:
    if _is_gsm(text):
        return sum(2 if sign in _GSM_TWICE else 1 for sign in text)
    return len(text.encode("utf-16-le")) // 2


_COUNTS: dict[str, Callable[[str], int]] = {"characters": _characters, "tweet": _tweet, "sms": _sms}

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]」』）]*$")

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("ad_headline", 30, "none"),
        Channel("seo_title", 60, "none"),
        Channel("email_subject", 60, "none"),
        Channel("alt_text", 125, "any"),
        Channel("product_title", 150, "none"),
        Channel("meta_description", 155),
        Channel("sms", 160, "sentence", "sms"),
        Channel("tweet", 280, "sentence", "tweet"),
        Channel("announcement", 600),
        Channel("report_summary", 1_200),
        # They end with whoever has written them, or may be asked.
        Channel("email_body", 2_000, "any"),
        Channel("letter", 3_000, "any"),
        Channel("press_release", 3_000, "any"),
        Channel("product_description", 5_000),
        Channel("json", 10_000, "any"),
    )
}
"""All that are known, the narrowest first."""
