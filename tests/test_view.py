"""`tomprm view`: the page's data from an item and its verdict, and the page itself in headless Chromium."""

import json
import re
import shutil
import subprocess
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.checker.corrupt import corrupt
from tomprm.cli import main
from tomprm.config import RewardConfig
from tomprm.report.timeline import chains, line_texts, marks_of, timeline
from tomprm.report.view import view, view_rows
from tomprm.report.view_html import MAX_ROWS, view_page
from tomprm.rewards.rows import judge
from tomprm.trace.canonical import sound_steps, write_trace
from tomprm.world.events import Action, Event, Fact, Kind, Question, Story
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
STORY = """1 Ann and Bob entered the hall.
2 The key is in the box.
3 Bob exited the hall.
4 Ann moved the key to the bag.
5 Ann lost his watch."""


def row_of(trace: str, **extra: object) -> dict:
    question = "Where does Ann think Bob thinks the key is?"
    return {"id": "a", "story": STORY, "question": question, "answer": "box", "trace": trace, **extra}


WRONG = (
    "<think>\nLet me see 🗝 first.\nLine 2: key in box; Ann sees it; Bob sees it.\n"
    "Line 4: key in bag; Bob sees it.\nSo Ann thinks Bob thinks the key is in the box.\n"
    "</think>\n<answer>box</answer>"
)


def shown(row: dict) -> dict:
    (found,) = view_rows([(1, row)], RewardConfig())
    return found


# -- the story ----------------------------------------------------------------------------------


def test_timeline_of_a_false_belief():
    story = timeline(Item.from_row(row_of(WRONG)))
    assert [p["name"] for p in story["people"]] == ["Ann", "Bob"]
    assert [line["n"] for line in story["lines"]] == [1, 2, 3, 4, 5]
    assert story["rooms"] == [{"name": "hall", "neutral": False}]
    here = [[cell[0] >= 0 for cell in line["cells"]] for line in story["lines"]]
    assert here == [[True, True], [True, True], [True, False], [True, False], [True, False]]
    sees = [[cell[1] for cell in line["cells"]] for line in story["lines"]]
    assert sees == [["sees", "sees"], ["sees", "sees"], ["sees", "sees"], ["sees", ""], ["", ""]]
    acts = [[cell[2] for cell in line["cells"]] for line in story["lines"]]
    assert acts == [[1, 1], [0, 0], [0, 1], [1, 0], [0, 0]]
    assert [line["about"] for line in story["lines"]] == [False, True, False, True, False]
    held = {
        tuple(c["label"]): [(s["row"], s["rows"], s["value"]) for s in c["spans"]] for c in story["columns"]
    }
    late = [(0, 1, None), (1, 2, "box"), (3, 2, "bag")]
    early = [(0, 1, None), (1, 4, "box")]
    assert held == {(): late, ("Ann",): late, ("Bob",): early, ("Ann", "Bob"): early}
    assert [c["label"] for c in story["columns"] if c["asked"]] == [["Ann", "Bob"]]


def test_columns_are_the_engines_beliefs_at_every_line(assorted):
    for item in assorted[::3]:
        story, state = timeline(item), BeliefState(item.story, PROFILES[item.profile])
        numbers = [line["n"] for line in story["lines"]]
        assert set(numbers) >= {a.line for a in item.story.actions}
        for column in story["columns"]:
            assert sum(s["rows"] for s in column["spans"]) == len(numbers)
            for span in column["spans"]:
                for n in numbers[span["row"] : span["row"] + span["rows"]]:
                    assert state.belief(tuple(column["label"]), item.question.fact, n).value == span["value"]


def test_texts_stand_at_their_lines(assorted):
    for item in assorted[::3]:
        texts, whole = line_texts(item)
        assert whole
        for action in item.story.actions:
            assert all(name in texts[action.line] for name in action.actors)


def test_secret_and_distracted_witnesses_look_different():
    event = Event(3, Kind.MOVE, ((Fact("key"), "bag"),), frozenset({"Ann", "Cid"}), frozenset({"Ann", "Bob"}))
    marks = [marks_of(event, name) for name in ("Ann", "Bob", "Cid", "Dan")]
    assert marks == ["sees", "seems", "secret", ""]
    assert marks_of(None, "Ann") == ""


def test_chains_are_beginnings_and_ends():
    found = chains(("a", "b", "c"))
    assert [c for c, extra in found if not extra] == [(), ("a",), ("a", "b"), ("a", "b", "c")]
    assert {c for c, extra in found if extra} == {("c",), ("b", "c")}
    assert chains(()) == [((), False)]


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (
            "exploretom",
            "Ann entered the hall. Ann moved the key to the box, which is also located in the hall. While "
            "this action was happening, Bob witnessed this action in secret (and only this action). Bob "
            "entered the hall.",
        ),
        (
            "tomi",
            "Ann entered the hall. Bob entered the hall. The key is in the box. The box is in the hall. "
            "Ann loves the key\nBob exited the hall.",
        ),
        ("fantom", "Ann: Hello, Bob!\nBob: Hi. The key is in the box.\nAnn: Good."),
    ],
)
def test_stories_of_other_sources_lose_no_word(profile: str, text: str):
    item = Item("x", "x", text, Question(("Bob",), Fact("key")), profile)
    story = timeline(item)
    told = " ".join(line["text"] for line in story["lines"]) + story["prose"]
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", told))
    assert {p["name"] for p in story["people"]} == {"Ann", "Bob"}
    assert any(cell[0] >= 0 for line in story["lines"] for cell in line["cells"])


def test_annotated_events_stand_beside_the_prose():
    both, one = frozenset({"Ann", "Bob"}), frozenset({"Ann"})
    fact = Fact("key")
    told = Story(
        (Action(1, Kind.PLACE, thing="key", place="box"), Action(2, Kind.MOVE, ("Ann",), "key", "bag")),
        (Event(1, Kind.PLACE, ((fact, "box"),), both, both), Event(2, Kind.MOVE, ((fact, "bag"),), one, one)),
        ("Ann", "Bob"),
    )
    item = Item("x", "x", "Ann, who loved keys, took it.", Question(("Bob",), fact), "opentom", given=told)
    story = timeline(item)
    assert story["prose"] == item.text
    assert [line["n"] for line in story["lines"]] == [1, 2]
    assert [s["value"] for s in story["columns"][-1]["spans"]] == ["box"]
    nothing = timeline(Item("x", "x", "Prose.", Question(("Bob",), fact), "bigtom", given=Story((), (), ())))
    assert nothing["lines"] == nothing["columns"] == []


# -- the trace ----------------------------------------------------------------------------------


def test_steps_are_the_traces_own_text(assorted):
    rng = np.random.default_rng(0)
    for item in assorted[::4]:
        trace, index = corrupt(item, rng)
        page = view(item, trace, judge(item.as_row() | {"trace": trace}, RewardConfig()))
        texts = ["".join(text for text, _ in step["pieces"]) for step in page["steps"]]
        parts = "".join(texts[p] if isinstance(p, int) else p for p in page["parts"])
        assert re.sub(r"\s", "", parts) == re.sub(r"\s", "", trace)
        assert page["first_error"] == index + 1
        assert page["steps"][index]["status"] == "contradicted"
        assert any(status == "contradicted" for _, status in page["steps"][index]["pieces"])
        assert not page["sound"]


def test_a_sound_trace_meets_every_obligation(assorted):
    for item in assorted[::6]:
        page = shown(item.as_row() | {"trace": write_trace(*sound_steps(item))})
        agrees = page["answer"]["engine"] == item.question.gold  # not where labels follow other semantics
        assert page["sound"] and page["right"] is agrees and (page["tone"] == "good") is agrees
        assert page["obligations"] and all(met for _, met in page["obligations"])


def test_numbers_of_a_wrong_step():
    page = shown(row_of(WRONG))
    assert page["headline"] == "Right answer, but a wrong step (3)"
    assert page["first_error"] == 3
    assert dict(page["obligations"])["line 4 missed by Bob"] is False
    assert dict(page["obligations"])["line 2 witnessed by Bob"] is True
    assert [step["lines"] for step in page["steps"]] == [[], [2], [4], [2]]
    wrong = [c for c in page["steps"][2]["claims"] if c["status"] == "contradicted"]
    assert [(c["text"], c["expected"], c["line"]) for c in wrong] == [("Bob sees it", "Bob misses it", 4)]


def test_verdict_rows_are_shown_as_they_are():
    verdicts = json.loads(json.dumps(judge(row_of(WRONG), RewardConfig())))
    verdicts["steps"][0] |= {"status": "uncheckable", "score": 0.25}
    page = shown(verdicts)
    assert page["steps"][0]["status"] == "uncheckable" and page["steps"][0]["score"] == 0.25
    assert page["answer"] == {"text": "box", "status": "supported", "gold": "box", "engine": "box"}
    verdicts["steps"][1]["start"] += 1
    assert "step 2" in shown(verdicts)["error"]
    verdicts["steps"][1] |= {"start": verdicts["steps"][1]["start"] - 1, "status": "great"}
    assert "'great'" in shown(verdicts)["error"]


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 99), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.just(["x"]), st.just([{}]), st.just({"text": [1], "status": {}}), st.just([{"status": "supported"}]),
)  # fmt: skip


@given(st.data())
def test_any_verdict_row_gives_a_page_or_a_reason(data):
    row = json.loads(json.dumps(judge(row_of(WRONG), RewardConfig())))
    for _ in range(data.draw(st.integers(1, 3))):
        spot = row
        while isinstance(spot, dict | list) and spot:
            key = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
            if not isinstance(spot[key], dict | list) or data.draw(st.booleans()):
                spot[key] = deepcopy(data.draw(ANYTHING))
                break
            spot = spot[key]
    found = shown(row)
    assert "error" in found or len(found["steps"]) == len(row["steps"] or found["steps"])
    json.dumps(found, allow_nan=False)


def test_rows_that_cannot_be_checked_are_listed():
    bad = row_of(WRONG) | {"story": "1 Ann danced the tango."}
    found = list(view_rows([(1, bad), (2, row_of(WRONG)), (3, {"id": 7})], RewardConfig()))
    assert "line 1" in found[0]["error"] and found[0]["trace"] == WRONG
    assert "error" not in found[1]
    assert found[2]["error"] and found[2]["id"] == "7"


# -- the page -----------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def hostile_rows() -> list[dict]:
    traces = [
        WRONG,
        WRONG.replace("🗝", HOSTILE),
        WRONG.replace("<answer>box", "<answer>" + HOSTILE.replace("<script>", "")),
    ]
    rows = [row_of(trace, id=f"{HOSTILE}{i}") for i, trace in enumerate(traces)]
    return [*rows, row_of(HOSTILE, story=HOSTILE, id="h")]


def page_of(rows: list[dict]) -> str:
    return view_page(HOSTILE, list(view_rows(enumerate(rows, 1), RewardConfig())))


def test_hostile_text_is_no_markup():
    html = page_of(hostile_rows())
    plain = page_of([row_of(WRONG)])
    assert [t for t, _ in _Tags(html).tags] == [t for t, _ in _Tags(plain).tags]
    assert html.count("</script>") == 2 and "<img" not in html


def test_the_page_is_one_file_without_a_network():
    html = page_of([row_of(WRONG)])
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    for tag, attrs in _Tags(html).tags:
        assert "src" not in attrs and attrs.get("href", "data:,") == "data:,", tag
    assert "default-src 'none'" in html


CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; install it to run this")


def browse(html: str, folder: Path, act: str = "", address: str = "") -> tuple[str, str, list[str]]:
    """(the DOM after the scripts, what the console says, addresses asked for). `act` is run after them;
    the page's policy forbids that, so it is left out then."""
    if act:
        html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        html = html.replace("</body>", f"<script>{act}</script></body>")
    page, log = folder / "page.html", folder / "net.json"
    page.write_text(html, encoding="utf-8")
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"),
            *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
            *(f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--enable-logging=stderr"),
            *("--dump-dom", page.as_uri() + address),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    said = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    # What the page asks for carries its site, file://; the browser's own calls home do not.
    own = [x for x in log.read_text(errors="replace").splitlines() if '"network_isolation_key":"file:' in x]
    asked = [url for x in own for url in re.findall(r'"url":"([^"]+)"', x)]
    return done.stdout, said, [url for url in asked if not url.startswith(("data:", page.as_uri()))]


@needs_chromium
def test_the_browser_would_tell_of_errors_and_requests(tmp_path):
    html = page_of([row_of(WRONG)]).replace("</body>", "<img src='http://example.invalid/x.png'></body>")
    _, said, asked = browse(html, tmp_path, "throw new Error('boom')")
    assert "boom" in said and asked == ["http://example.invalid/x.png"]


@needs_chromium
def test_chromium_draws_steps_and_story(tmp_path):
    dom, said, asked = browse(page_of([row_of(WRONG)]), tmp_path)
    assert 'data-ready="true"' in dom and said == "" and asked == []
    drawn = [attrs for _, attrs in _Tags(dom).tags if "data-step" in attrs]
    assert [(a["data-step"], a["data-status"]) for a in drawn] == [
        ("1", "no_claim"),
        ("2", "supported"),
        ("3", "contradicted"),
        ("4", "supported"),
    ]
    assert [a["data-line"] for _, a in _Tags(dom).tags if "data-line" in a] == ["1", "2", "3", "4", "5"]
    for word in ("no claim", "contradicted", "updated without perception"):
        assert word in dom
    assert "Right answer, but a wrong step (3)" in dom and "<nav" not in dom


@needs_chromium
def test_chromium_shows_hostile_text_as_text(tmp_path):
    for i, row in enumerate(hostile_rows(), 1):
        folder = tmp_path / str(i)
        folder.mkdir()
        dom, said, asked = browse(page_of(hostile_rows()), folder, address=f"#row-{i}")
        assert 'data-ready="true"' in dom and said == "" and asked == []
        assert not any(tag == "img" for tag, _ in _Tags(dom).tags)
        assert "<title>owned" not in dom
        assert dom.count("&lt;img src=x onerror=") >= (3 if row["id"] == "h" else 1)


@needs_chromium
def test_a_step_lights_its_lines_and_a_line_its_steps(tmp_path):
    html = page_of([row_of(WRONG)])

    def pinned(dom: str) -> set[str]:
        return {a["id"] for _, a in _Tags(dom).tags if "pinned" in (a.get("class") or "").split()}

    for name, act, expected in (
        ("step", "document.querySelector('#step-3 button').click()", {"step-3", "line-4"}),
        ("line", "document.querySelector('#line-2 button').click()", {"line-2", "step-2", "step-4"}),
        ("link", "document.querySelector('.facts a').click()", {"step-3", "line-4"}),
    ):
        (tmp_path / name).mkdir()
        dom, said, _ = browse(html, tmp_path / name, act)
        assert said == "" and pinned(dom) == expected
    (tmp_path / "focus").mkdir()
    dom, _, _ = browse(html, tmp_path / "focus", "document.querySelector('#step-2 button').focus()")
    tip = dom[dom.index('id="tip"') :]
    assert "hidden" not in tip[: tip.index(">")] and "set by line 2" in tip.split('id="data"')[0]


@needs_chromium
def test_rows_are_listed_and_filtered(tmp_path):
    sound = write_trace(*sound_steps(Item.from_row(row_of(""))))
    rows = [row_of(sound), row_of(WRONG), row_of(WRONG.replace(">box<", ">bag<"))]
    rows.append(row_of(WRONG, story="1 Oops."))
    act = "document.querySelector('[aria-label^=\"only right and unsound\"]').click()"

    def listed(dom: str) -> list[tuple[str, str]]:
        return [(a["data-row"], a["data-group"]) for _, a in _Tags(dom).tags if "data-row" in a]

    (tmp_path / "all").mkdir()
    (tmp_path / "one").mkdir()
    dom, said, _ = browse(page_of(rows), tmp_path / "all", address="#row-4")
    groups = [("1", "right sound"), ("2", "right unsound"), ("3", "wrong unsound"), ("4", "unchecked")]
    assert said == "" and listed(dom) == groups and "Not checked" in dom
    dom, _, _ = browse(page_of(rows), tmp_path / "one", act)
    assert listed(dom) == [groups[1]]


# -- the verb -----------------------------------------------------------------------------------


def write_rows(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def data_in(path: Path) -> list[dict]:
    block = re.search(r'id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert block is not None
    return json.loads(block[1])["rows"]


def test_the_verb_writes_a_page(tmp_path, capsys):
    rows = [row_of(WRONG), row_of(WRONG, id="b"), row_of(WRONG, id="c", story="1 Oops.")]
    file, out = write_rows(tmp_path / "rows.jsonl", rows), tmp_path / "new" / "page.html"
    main(["view", str(file), "--out", str(out)])
    assert [row["number"] for row in data_in(out)] == [1, 2, 3]
    said = capsys.readouterr()
    assert "3 rows, 1 of them without a verdict" in said.out and "row 3: line 1" in said.err
    main(["view", str(file), "--row", "2", "--out", str(out)])
    assert [row["id"] for row in data_in(out)] == ["b"]
    main(["view", str(file), "--id", "c", "--out", str(out)])
    assert [row["number"] for row in data_in(out)] == [3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--row", "9"], "--row 9 matches none of its 1 rows"),
        (["--id", "zz"], "--id zz matches none"),
        (["--row", "0"], "give at least 1"),
    ],
)
def test_bad_choices_end_with_the_remedy(tmp_path, capsys, arguments, message):
    file = write_rows(tmp_path / "rows.jsonl", [row_of(WRONG)])
    with pytest.raises(SystemExit) as stop:
        main(["view", str(file), "--out", str(tmp_path / "p.html"), *arguments])
    assert stop.value.code == 2 and message in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_a_page_holds_so_many_rows(tmp_path, capsys):
    item = next(generate(Recipe(), 0, "many", 1)).as_row() | {"trace": "no"}
    file = write_rows(tmp_path / "rows.jsonl", [item] * (MAX_ROWS + 1))
    with pytest.raises(SystemExit):
        main(["view", str(file), "--out", str(tmp_path / "p.html")])
    assert "--row N" in capsys.readouterr().err
