"""The page of a cassette, as headless Chromium shows it from the disk."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from awstape.catalog.service_models import load_models
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.check.findings import review_text
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.workbench.html_page import PageSource, render_page
from examples import FOLDER

pytestmark = pytest.mark.xdist_group("chromium")  # one worker, one browser

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SWITCHES = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --window-size=1280,1000
""".split()
ATTACK = "</script><img src=http://stolen.example/ onerror=document.title='taken'>\u2028<!--<script>"
HOSTILE = f"""version: 1
---
service: iam
operation: ListRoles
identity: {{PathPrefix: {json.dumps(ATTACK)}}}
faults: [throttle]
pages:
- output:
    IsTruncated: true
    Roles:
    - RoleName: {json.dumps(ATTACK)}
      Description: {json.dumps(ATTACK)}
      AssumeRolePolicyDocument: {json.dumps(json.dumps({ATTACK: ATTACK}))}
      Tags:
      - {{Key: __proto__, Value: {json.dumps(ATTACK)}}}
    Marker: {json.dumps(ATTACK)}
- token: {json.dumps(ATTACK)}
  error: {{status: 400, code: {json.dumps(ATTACK)}, message: {json.dumps(ATTACK)}}}
---
service: iam
operation: ListRoles
identity: {{PathPrefix: {json.dumps(ATTACK)}}}
after: {{service: iam, operation: TagRole, identity: {{RoleName: {json.dumps(ATTACK)}}}, take: 1}}
pages:
- error: {{status: 404, code: {json.dumps(ATTACK)}, message: ""}}
"""


class Browser:
    """One Chromium for all tests; each test opens its own pages."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, text: str, title: str = "a cassette", rules: Rules = NO_RULES) -> None:
        self.open_all({"it.yaml": text}, title, rules)

    def open_all(self, texts: Mapping[str, str], title: str, rules: Rules = NO_RULES) -> None:
        """Opens the page of the cassettes of a folder. texts: by the name of the file."""
        models = load_models()
        sources = [
            PageSource(name, read_cassette(text, models), review_text(text, models, rules))
            for name, text in texts.items()
        ]
        file = self.folder / "page.html"
        file.write_text(render_page(sources, title), "utf-8")
        self.driver.get_log("performance")
        self.driver.get(file.as_uri())

    def open_example(self) -> None:
        self.open((FOLDER / "roles.yaml").read_text("utf-8"))

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)  # type: ignore[no-untyped-call]

    def click(self, selector: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def texts(self, selector: str) -> list[str]:
        """The texts of the visible elements."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].filter(element => element.checkVisibility())"
        return self.run(f"return {found}.map(element => element.textContent)")  # type: ignore[no-any-return]

    def search(self, text: str) -> None:
        """Types into the search and waits until it has been done."""
        field = self.driver.find_element(By.ID, "search")
        field.clear()
        field.send_keys(text)
        self.settle()

    def settle(self) -> None:
        """Waits until the page has searched, which waits for typing to end, and has scrolled to what is drawn."""
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))"
        script = f"const done = arguments[0]; setTimeout(() => {frames}, 200)"
        self.driver.execute_async_script(script)  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """The addresses that the page requested since it was opened."""
        entries = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [entry["params"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in asked if params["documentURL"].startswith("file:")]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("Chromium and its driver are not installed: apt-get install chromium chromium-driver")
    folder = tmp_path_factory.mktemp("chromium")
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in [*SWITCHES, f"--user-data-dir={folder / 'profile'}"]:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.lower().endswith("_proxy"):
                patch.delenv(name)
        driver = Chrome(options=options, service=Service(DRIVER))
        try:
            yield Browser(driver, folder)
        finally:
            driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser; after each test, the page has no errors and has sent no requests."""
    yield chromium
    assert chromium.driver.get_log("browser") == []
    assert chromium.requests() == [(chromium.folder / "page.html").as_uri()]


def test_the_summary_shows_the_contents(browser: Browser) -> None:
    browser.open_example()
    assert browser.texts("h1") == ["a cassette"]
    assert browser.texts(".figures li") == ["3tracks", "5pages", "8items", "1error"]
    assert browser.texts("p.key") == ["Aliases made under the key t366skr2trrs"]
    findings, texts, aliases = browser.texts("#summary summary")
    assert "name 11" in aliases
    assert "0 findings" in findings
    assert "4 texts" in texts
    assert browser.texts(".track h3") == ["GetRole", "ListAttachedRolePolicies", "ListRoles"]
    assert browser.texts(".body") == []


REAL = """version: 1
---
service: iam
operation: GetRole
identity: {RoleName: alias-Tsr76sms7l}
pages:
- output:
    Role:
      RoleName: alias-Tsr76sms7l
      Description: ask Bob, he knows 314159265358
"""


def test_it_begins_with_what_a_reviewer_reads(browser: Browser) -> None:
    """What check finds, and every text that is no alias and not public, with its place; neither is folded."""
    browser.open(REAL)
    assert browser.texts(".findings li") == ["it.yaml:10 pages[0].output.Role.Description: looks real: account id"]
    assert browser.texts("#summary .texts li") == [
        "ask Bob, he knows 314159265358 it.yaml:10: iam GetRole Role.Description Find"
    ]
    assert browser.texts("#summary summary")[0] == "What awstape check finds1 finding"


def test_mere_warnings_are_called_so(browser: Browser) -> None:
    browser.open(REAL.replace("314159265358", "all").replace("pages:", "faults: [throttle page=7]\npages:"))
    assert browser.texts("#summary summary")[0] == "What awstape check finds1 warning"


def test_values_that_the_project_keeps_are_listed(browser: Browser) -> None:
    browser.open(REAL, rules=Rules(keep=("314159265358",)))
    assert browser.texts("#summary details[open] dt") == ["kept by keep: account id"]
    assert browser.texts("#summary dd .readable") == ["314159265358"]


def test_the_cassettes_of_a_folder_make_one_page(browser: Browser) -> None:
    example = (FOLDER / "roles.yaml").read_text("utf-8")
    browser.open_all({"a.yaml": REAL, "b/roles.yaml": example}, "cassettes")
    assert browser.texts("main h2") == ["a.yaml: iam1 track", "b/roles.yaml: iam3 tracks"]
    assert browser.texts(".findings code") == ["a.yaml:10"]
    assert browser.texts(".track h3") == ["GetRole", "GetRole", "ListAttachedRolePolicies", "ListRoles"]


STORY = """version: 1
---
service: iam
operation: CreateRole
identity: {AssumeRolePolicyDocument: '{"Version": "2012-10-17"}', RoleName: alias-Tsr76sms7l}
pages:
- output: {}
---
service: iam
operation: GetRole
identity: {RoleName: alias-Tsr76sms7l}
pages:
- error: {status: 404, code: NoSuchEntity, message: not found}
---
service: iam
operation: GetRole
identity: {RoleName: alias-Tsr76sms7l}
after:
  service: iam
  operation: CreateRole
  identity: {AssumeRolePolicyDocument: '{"Version": "2012-10-17"}', RoleName: alias-Tsr76sms7l}
  take: 1
pages:
- output: {}
---
service: iam
operation: ListRoles
identity: {}
pages:
- output:
    Roles: []
---
service: iam
operation: ListRoles
identity: {}
pages:
- output:
    Roles:
    - {RoleName: alias-Tsr76sms7l}
---
service: iam
operation: ListUsers
identity: {}
pages:
- output:
    Users: []
---
service: iam
operation: TagRole
identity: {RoleName: alias-Tsr76sms7l, Tags: []}
pages:
- output: {}
"""


def test_a_timeline_shows_what_was_read_before_and_after_each_write(browser: Browser) -> None:
    browser.open(STORY)
    assert browser.texts(".timeline thead th") == ["Track", "at first", "after write 1CreateRolealias-Tsr76sms7l"]
    rows = [browser.texts(f".timeline tbody tr:nth-child({n}) > *") for n in (1, 2)]
    assert rows == [["ListRoles", "10 items21 item", ""], ["GetRolealias-Tsr76sms7l", "1NoSuchEntity", "2answer"]]
    assert browser.run("return document.querySelector('tr:nth-child(2) .take:last-child').ariaLabel") == (
        "GetRole, take 1 of 2, before any write that changed it: 404 NoSuchEntity"
    )
    (note,) = browser.texts(".note")
    assert note == "1 other track had one answer. 1 write changed no recorded answer: TagRole."


def test_a_take_of_the_timeline_opens_its_track(browser: Browser) -> None:
    browser.open(STORY)
    browser.click(".timeline tbody tr:nth-child(2) td:last-child .take")
    assert browser.texts(".track:has(.body:not([hidden])) h3") == ["GetRole"]
    assert browser.run("return document.activeElement.textContent") == "GetRole"
    browser.click(".timeline .write .link")
    assert browser.texts(".track:has(.body:not([hidden])) h3") == ["CreateRole", "GetRole"]
    browser.click(".timeline .write .alias")
    assert browser.texts("#places p") == ["alias-Tsr76sms7l name, 4 places in 4 tracks "]


def test_a_folder_has_a_timeline_for_each_cassette_in_which_answers_change(browser: Browser) -> None:
    before, _, write = STORY.partition("---")[2].partition("---")
    reads = f"version: 1\n---{write}"
    texts = {"a.yaml": reads, "b.yaml": f"version: 1\n---{before}", "c.yaml": STORY, "d.yaml": REAL}
    browser.open_all(texts, "cassettes")
    assert browser.texts(".story h3") == ["a.yaml", "c.yaml"]
    assert browser.texts(".story:first-child .write small") == ["after write 1", "in b.yaml"]


def test_a_write_that_is_in_no_cassette_is_named_all_the_same(browser: Browser) -> None:
    browser.open(f"version: 1\n---{STORY.partition('---')[2].partition('---')[2]}")
    assert browser.texts(".write") == ["after write 1CreateRolealias-Tsr76sms7lnot on this page"]


def test_many_tracks_are_drawn_when_they_are_asked_for(browser: Browser) -> None:
    names = ["".join("klmrst23467"[int(digit)] for digit in f"{number:04}") for number in range(1000)]
    read = "---\nservice: iam\noperation: GetRole\nidentity: {{RoleName: alias-{}}}\n{}pages:\n- output: {}\n"
    write = "after: {{service: iam, operation: TagRole, identity: {{RoleName: alias-{}}}, take: 1}}\n"
    takes = (read.format(name, after, "{}") for name in names for after in ("", write.format(name)))
    browser.open("version: 1\n" + "".join(takes))
    assert browser.texts("#summary summary span")[2] == "1,000 tracks with several answers, 1,000 writes between them"
    assert len(browser.texts(".timeline")) == 4
    assert len(browser.texts(".timeline tbody tr")) == 24
    browser.click(".story > .link")
    assert browser.run("return document.querySelectorAll('.timeline tbody tr').length") == 1000
    assert browser.run("return document.querySelector('.story > .link')") is None


def test_a_cassette_in_which_nothing_changes_has_no_timeline(browser: Browser) -> None:
    browser.open_example()
    assert browser.texts(".timeline, .story") == []


def test_tracks_fold_and_unfold(browser: Browser) -> None:
    browser.open_example()
    browser.click("#track-2 h3 button")
    assert browser.texts("#track-2 .chain li") == ["2itemspage 1", "page-2.tyod", "1itempage 2", "complete"]
    assert browser.texts("#track-2 .item .label") == [
        "ReadOnlyAccess",
        "alias-srrm4262kR",
        "AWSLambdaBasicExecutionRole",
    ]
    browser.click("#track-2 h3 button")
    assert browser.texts(".body") == []
    browser.click("#unfold")
    assert len(browser.texts(".body")) == 3
    assert browser.texts("#track-1 .chain .end") == ["404 NoSuchEntity"]
    browser.click("#fold")
    assert browser.texts(".body") == []


def test_the_keyboard_suffices(browser: Browser) -> None:
    browser.open_example()
    browser.run("document.querySelector('#track-1 h3 button').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.run("return document.activeElement.ariaExpanded") == "true"
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.texts("#places code") == ["alias-S4t6r3rrlT"]
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.texts("#places") == []
    browser.driver.switch_to.active_element.send_keys("/")
    assert browser.driver.switch_to.active_element.get_attribute("id") == "search"


def test_a_policy_is_shown_and_folds(browser: Browser) -> None:
    browser.open_example()
    browser.click("#track-3 h3 button")
    browser.click("#track-3 .item summary")
    document = "#track-3 .item .document"
    lines = browser.texts(f"{document} .row, {document} .tail")
    assert lines[:4] == ["AssumeRolePolicyDocument: {", '"Version": "2012-10-17",', '"Statement": [', "{"]
    assert '"sts:ExternalId": "alias-trkrs3k2l2-ttslr7k746-7362t7mmtr-lksrssmsk2"' in lines
    browser.click(f"{document} > summary")
    assert browser.texts(f"{document} .row, {document} .tail") == ["AssumeRolePolicyDocument: {"]


def test_the_search_filters_counts_and_marks(browser: Browser) -> None:
    browser.open_example()
    browser.click("#track-2 h3 button")
    browser.search('ACTION": "sts:assumerole"')  # across elements, in whatever case, in documents
    assert browser.texts("#hits") == ["3 hits in 1 track"]
    assert browser.texts(".track h3") == ["ListRoles"]
    assert browser.texts(".item .badge") == ["1 hit"] * 3
    assert len(browser.texts(".row mark:not(.more)")) == 3
    assert set(
        browser.run(
            "return [...document.querySelectorAll('.row')].map(row => [...row.querySelectorAll('mark')]"
            ".map(mark => mark.textContent).join('')).filter(Boolean)"
        )
    ) == {'Action": "sts:AssumeRole"'}
    browser.driver.find_element(By.ID, "search").send_keys(Keys.ENTER)
    assert len(browser.texts("mark.current")) == 1
    for everywhere in ("E", "arn:aws:iam::", ", "):
        browser.search(everywhere)
        marks = browser.texts(".row mark:not(.more)")
        assert browser.texts("#hits")[0].startswith(f"{len(marks)} hits in ")
    browser.search("nowhere at all")
    assert (browser.texts("#hits"), browser.texts(".track")) == (["no hits"], [])
    browser.driver.find_element(By.ID, "search").send_keys(Keys.ESCAPE)
    assert browser.texts(".track h3") == ["GetRole", "ListAttachedRolePolicies", "ListRoles"]
    assert browser.texts("mark") == []
    assert browser.texts(".track:has(.body:not([hidden])) h3") == ["ListAttachedRolePolicies"]  # as before


def test_an_alias_shows_its_other_places(browser: Browser) -> None:
    browser.open_example()
    browser.click("#track-2 .identity .alias")
    (told,) = browser.texts("#places p")
    assert told.strip() == "alias-Tsr76sms7l name, 3 places in 2 tracks"
    assert browser.texts(".badge.same") == ["1×", "2×"]
    for _ in range(3):  # the second and the third place are in a track that is folded
        browser.click("#places button:nth-of-type(2)")
    assert browser.texts("#track-3 .alias.here") == ["alias-Tsr76sms7l"]
    browser.settle()
    middle = browser.run("return document.querySelector('.here').getBoundingClientRect().top / innerHeight")
    assert 0.3 < middle < 0.7
    assert set(browser.texts(".alias.chosen")) == {"alias-Tsr76sms7l"}
    browser.click("#places button:nth-of-type(3)")
    assert browser.texts(".track h3") == ["ListAttachedRolePolicies", "ListRoles"]
    browser.click("#places button:nth-of-type(4)")
    assert browser.texts(".alias.chosen, #places") == []


def test_texts_are_never_markup_or_script(browser: Browser) -> None:
    browser.open(HOSTILE, ATTACK)
    browser.run("document.getElementById('unfold').dispatchEvent(new MouseEvent('click', {shiftKey: true}))")
    shown = ATTACK.replace("\u2028", "\\u2028")
    assert f"Description: {shown}" in browser.texts(".item .row")
    assert f'"{shown}": "{shown}"' in browser.texts(".item .document .row")
    assert f"message: {shown}" in browser.texts(".failed .row")
    assert f"PathPrefix: {shown}" in browser.texts(".identity .row")
    assert browser.texts(".take") == [f"1{shown}", f"2{shown}"]
    assert len(browser.texts(".timeline .label")) == 2
    assert shown in browser.texts("#summary .readable")
    browser.click("#summary .link")
    assert browser.run("return document.getElementById('search').value") == shown
    assert len(browser.texts(".row mark:not(.more)")) == 10
    assert browser.run("return document.images.length") == 0
    assert browser.run("return document.scripts.length") == 2  # the page's own
    assert browser.driver.title == shown


def test_a_narrow_screen_needs_no_scrolling_sideways(browser: Browser) -> None:
    narrow = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    try:
        browser.open(HOSTILE, ATTACK)
        browser.run("for (const track of tracks) track.units.forEach(unit => unit.unfold())")
        assert len(browser.texts(".item .document .row")) == 2
        assert browser.run("return document.documentElement.scrollWidth") <= 360
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<b>'",
        "document.body.setAttribute('onclick', 'alert()')",
        "document.body.append(Object.assign(document.createElement('script'), {text: 'alert()'}))",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://stolen.example/'}))",
    ],
)
def test_the_policy_of_the_page_holds_if_all_else_fails(chromium: Browser, attempt: str) -> None:
    chromium.open_example()
    chromium.run(f"try {{ {attempt} }} catch (refused) {{}}")
    (entry,) = chromium.driver.get_log("browser")
    assert "The action has been blocked" in entry["message"]


def test_a_cassette_without_tracks(browser: Browser) -> None:
    browser.open("version: 1\n", "\udcff.yaml")
    assert browser.texts("main") == ["The cassette holds no tracks."]
    assert browser.driver.title == "\\udcff.yaml"
