"""``pressroom suggest``: for one reader, for many; and what is wrong with their tables."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import answers
from tests.support.answers import BATCH_ID, Script, answer, lines, problem, result, stream
from tests.unit.cli.conftest import Run

MODELS = "GET /v1/models"
POST = "POST /v1/batches"
BATCH = f"GET /v1/batches/{BATCH_ID}"
RESULTS = f"{BATCH}/results"
ARTICLES = (
    "title,text,link\n"
    "Ten hooks,For small kitchens.,https://example.com/hooks\n"
    "Drying herbs,Cut before noon.,\n"
    "The night train,To the sea.,https://example.com/train\n"
)
SMALL = ("--interest", "small kitchens")


@pytest.fixture
def articles(home: Path) -> str:
    (home / "articles.csv").write_text(ARTICLES, encoding="utf-8")
    return "articles.csv"


@pytest.fixture
def server(script: Script) -> Script:
    """One without a model that reads, whose batch has two rows."""
    script.on(MODELS, answer(answers.models()))
    script.on(POST, answer(answers.batch(waiting=2), 202))
    script.on(BATCH, answer(answers.batch("finished", succeeded=2)))
    script.on(RESULTS, written(result(1, "The first."), result(2, "The second.")))
    return script


def written(*results: dict[str, Any]) -> Any:
    return lambda _: stream(lines(*results), media_type="application/x-ndjson")


def saved(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# -- one reader ---------------------------------------------------------------------------------------


def test_the_nearest_are_ranked_and_written_about(run: Run, server: Script, articles: str) -> None:
    asked = run("suggest", articles, *SMALL, "--interest", "herbs", "--n", "2", "--seed", "5", "--voice", "v")
    assert (asked.exit_code, asked.stderr) == (0, "")
    assert asked.stdout.splitlines() == [
        "1\t1.00\therbs\tDrying herbs\t\tThe first.",
        "2\t0.50\tsmall kitchens\tTen hooks\thttps://example.com/hooks\tThe second.",
    ]
    sent = [json.loads(line) for line in server.sent(POST)[0].content.splitlines()]
    assert [row["input"]["writing"] for row in sent] == [
        {
            "template": "content-suggestion",
            "facts": {"interest": "herbs", "title": "Drying herbs"},
            "voice": "v",
        },
        {
            "template": "content-suggestion",
            "facts": {
                "interest": "small kitchens",
                "title": "Ten hooks",
                "link": "https://example.com/hooks",
            },
            "voice": "v",
        },
    ]
    assert {row["model"] for row in sent} == {"smollm2-135m-instruct"}
    assert sent[0]["params"] == {"n": 2, "seed": 5}


def test_nothing_is_written_where_a_rank_is_enough(run: Run, server: Script, articles: str) -> None:
    asked = run("suggest", articles, *SMALL, "--interest", "trains", "--top", "1", "--rank-only")
    assert asked.stdout == "1\t1.00\ttrains\tThe night train\thttps://example.com/train\n"
    assert server.sent(POST) == []


def test_json_has_a_line_each(run: Run, server: Script, articles: str) -> None:
    (line,) = run("suggest", articles, *SMALL, "--rank-only", "--json").stdout.splitlines()
    assert json.loads(line) == {
        "rank": 1,
        "interest": "small kitchens",
        "title": "Ten hooks",
        "link": "https://example.com/hooks",
        "likeness": 0.5,
        "by": "words",
    }
    (line,) = run("suggest", articles, *SMALL, "--json").stdout.splitlines()
    assert json.loads(line)["text"] == "The first."


def test_the_best_candidate_is_told_and_what_has_to_be_looked_at(
    run: Run, server: Script, articles: str
) -> None:
    def review(rank: int, *findings: str) -> dict[str, Any]:
        told = {"rank": rank, "score": 0.0, "likeness": 0.5, "needs_review": bool(findings)}
        return {**told, "findings": findings}

    made = result(1, "Second.")
    (other,) = result(1, "First.")["outputs"]
    made["outputs"] = [
        {**made["outputs"][0], "review": review(2)},
        {**other, "n": 1, "review": review(1, "It says 'ten'.")},
    ]
    server.on(RESULTS, written(made))
    asked = run("suggest", articles, *SMALL)
    assert asked.stdout.endswith("\tFirst.\n")
    assert asked.stderr == "Ten hooks: look at it: It says 'ten'.\n"


def test_where_nothing_is_near_that_is_said(run: Run, server: Script, articles: str) -> None:
    asked = run("suggest", articles, "--interest", "opera")
    assert (asked.exit_code, asked.stdout) == (0, "")
    assert asked.stderr == "No article is near these interests.\n"
    assert server.sent(POST) == []


def test_meaning_is_not_to_be_had_without_a_model(run: Run, server: Script, articles: str) -> None:
    asked = run("suggest", articles, *SMALL, "--by", "meaning")
    assert asked.exit_code == 1
    assert "offers no embedding model" in asked.stderr


def test_a_batch_that_is_refused_is_told(run: Run, server: Script, articles: str) -> None:
    server.on(POST, problem(403, "model_forbidden", "This key may not use it."))
    asked = run("suggest", articles, *SMALL)
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert "may not use it" in asked.stderr


def test_a_timeout_leaves_it_running(run: Run, server: Script, articles: str) -> None:
    server.on(BATCH, answer(answers.batch(running=2)))
    asked = run("suggest", articles, *SMALL, "--timeout", "3")
    assert asked.exit_code == 1
    assert f"Batch {BATCH_ID} has not ended after 3 s. It goes on" in asked.stderr


# -- many readers -------------------------------------------------------------------------------------


def test_many_readers_make_a_table_and_the_same_is_written_once(
    run: Run, server: Script, articles: str, home: Path
) -> None:
    (home / "readers.csv").write_text(
        "reader,interests\nAnn,herbs; small kitchens\nBo, herbs\nCy,\n,herbs\nDi,opera\nEd,ten；trains\nBo,sea\n",
        encoding="utf-8",
    )
    server.on(
        RESULTS,
        written(
            *(result(n, text) for n, text in enumerate(["Herbs!", "Hooks!", "Train!", "Ten!", "Sea!"], 1))
        ),
    )
    asked = run("suggest", articles, "--readers", "readers.csv", "--out", "out/all.csv", "--top", "2")
    assert asked.exit_code == 0, asked.stderr
    assert asked.stderr.splitlines() == [
        "readers.csv, line 4: Cy has no interests and is left out.",
        "readers.csv, line 5: the row has no reader; it is left out.",
        "No article is near the interests of Di.",
    ]
    found = saved(home / "out" / "all.csv")
    assert list(found[0]) == ["reader", "rank", "interest", "title", "link", "likeness", "text"]
    sent = [
        json.loads(line)["input"]["writing"]["facts"] for line in server.sent(POST)[0].content.splitlines()
    ]
    assert len(sent) == 5
    told = [(each["reader"], each["rank"], each["interest"], each["title"]) for each in found]
    assert told == [
        ("Ann", "1", "herbs", "Drying herbs"),
        ("Ann", "2", "small kitchens", "Ten hooks"),
        ("Bo", "1", "herbs", "Drying herbs"),
        ("Bo", "2", "sea", "The night train"),
        ("Ed", "1", "ten", "Ten hooks"),
        ("Ed", "2", "trains", "The night train"),
    ]
    assert [each["text"] for each in found if each["interest"] == "herbs"] == ["Herbs!", "Herbs!"]
    assert found[0]["likeness"] == "1.00"


def test_a_sentence_that_is_missing_fails_it_and_the_others_are_saved(
    run: Run, server: Script, articles: str, home: Path
) -> None:
    (home / "readers.csv").write_text("reader,interests\nAnn,herbs; kitchens; trains\n", encoding="utf-8")
    error = {"code": "facts_too_long", "message": "Facts leave no room."}
    refused = {**result(1), "status": "refused", "job": None, "error": error, "outputs": [], "usage": None}
    server.on(RESULTS, written(refused, result(2, "Train!")))
    asked = run("suggest", articles, "--readers", "readers.csv", "--out", "all.csv")
    assert asked.exit_code == 1
    assert "Ann: Drying herbs: nothing was written: Facts leave no room." in asked.stderr
    assert "nothing was written: It was canceled." in asked.stderr
    assert "2 of 3 sentences could not be written" in asked.stderr
    assert [each["text"] for each in saved(home / "all.csv")] == ["", "Train!", ""]


def test_not_every_sentence_that_is_missing_is_said(run: Run, server: Script, home: Path) -> None:
    (home / "articles.csv").write_text("title\n" + "".join(f"Herbs {n}\n" for n in range(30)))
    server.on(RESULTS, written())
    asked = run("suggest", "articles.csv", "--interest", "herbs", "--top", "30")
    assert asked.exit_code == 1
    assert len(asked.stdout.splitlines()) == 30
    *said, more, error = asked.stderr.splitlines()
    assert (len(said), more) == (20, "… and 10 more like these.")
    assert "30 of 30 sentences" in error


# -- tables that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "articles.csv: The table is empty"),
        (b"name,text\nx,y\n", "no column 'title'. It has: name, text."),
        (b"title\n", "no row with a title"),
        (b"title,text\n,x\n", "line 2: the row has no title"),
        (b"title\nCaf\xe9\n", "Line 2: the row is no UTF-8: its byte 4 is 0xE9"),
        (b"title,title\nx,y\n", "two columns of the name 'title'"),
        (b"\xff\xfet\x00i", "no whole UTF-16-LE"),
    ],
)
def test_articles_that_are_none_are_wrong_use(
    run: Run, server: Script, home: Path, content: bytes, said: str
) -> None:
    (home / "articles.csv").write_bytes(content)
    asked = run("suggest", "articles.csv", *SMALL)
    assert (asked.exit_code, server.requests) == (2, [])
    assert said in asked.stderr


def test_rows_that_are_wrong_are_said_and_the_others_go_on(run: Run, server: Script, home: Path) -> None:
    (home / "articles.csv").write_bytes(b"title,text\nKitchen,a,b\n,b\nCaf\xe9,x\nKitchens,small\n")
    asked = run("suggest", "articles.csv", *SMALL, "--rank-only")
    assert (asked.exit_code, len(asked.stderr.splitlines())) == (0, 3)
    assert asked.stdout.startswith("1\t0.75\tsmall kitchens\tKitchens")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_forms_are_read_as_feeds_are(run: Run, server: Script, home: Path, encoding: str) -> None:
    (home / "a.csv").write_text("text;title\nx;Küchen & herbs\n", encoding=encoding)
    assert "Küchen & herbs" in run("suggest", "a.csv", "--interest", "herbs", "--rank-only").stdout
    (home / "a.jsonl").write_text('{"title": "Herbs"}\n{"title": "Herb tea", "text": "x"}\n')
    assert len(run("suggest", "a.jsonl", "--interest", "herbs", "--rank-only").stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("reader\nAnn\n", "no column 'interests'"),
        ("reader,interests\nAnn, ;\n", "no reader with interests"),
        ("", "The table is empty"),
    ],
)
def test_readers_that_are_none_are_wrong_use(
    run: Run, server: Script, articles: str, home: Path, content: str, said: str
) -> None:
    (home / "readers.csv").write_text(content)
    asked = run("suggest", articles, "--readers", "readers.csv", "--out", "all.csv")
    assert (asked.exit_code, server.requests) == (2, [])
    assert said in asked.stderr
    assert not (home / "all.csv").exists()


@pytest.mark.parametrize(
    "given",
    [
        (),
        (*SMALL, "--readers", "articles.csv", "--out", "x.csv"),
        ("--readers", "articles.csv"),
        (*SMALL, "--out", "x.csv"),
        ("--readers", "articles.csv", "--out", "x.csv", "--json"),
        (*SMALL, "--top", "0"),
        (*SMALL, "--by", "stars"),
    ],
)
def test_what_does_not_fit_together_is_wrong_use(
    run: Run, server: Script, articles: str, given: tuple[str, ...]
) -> None:
    assert run("suggest", articles, *given).exit_code == 2
    assert server.requests == []
