// The search: hides tracks and items without hits, marks the hits in others.

const MOST_UNFOLDED = 40; // items that a search unfolds; others show their number of hits
const search = document.getElementById("search");
const status = document.getElementById("hits");
let wanted = null; // the regular expression of the current search
let before = null; // the tracks that were unfolded before the search
let unfolded = []; // the items that the search unfolded
let current = null; // the mark of the current hit

const matches = (text) => (wanted ? [...text.matchAll(wanted)] : []);

function find(text) {
  const needle = text.trim();
  if (search.value !== text) search.value = text;
  wanted = needle ? new RegExp(needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi") : null;
  before ??= wanted && new Set(tracks.filter((track) => track.isOpen));
  for (const unit of unfolded) unit.drawn.open = false;
  unfolded = [];
  current = null;
  unmark();
  for (const track of tracks) {
    for (const unit of track.units) unit.hits = wanted ? matches(unit.text).length : 0;
    track.hits = track.units.reduce((sum, unit) => sum + unit.hits, 0);
    track.element.hidden = Boolean(wanted) && !track.hits;
    const isInside = track.hits > (track.isShort ? track.head.hits : 0);
    if (wanted && isInside) track.unfold();
    else if (wanted || (before && !before.has(track))) track.fold();
    else if (before) track.unfold();
    showHits(track);
  }
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = !section.querySelector(".track:not([hidden])");
  }
  if (!wanted) before = null;
  markIn(document.getElementById("tracks"));
  const found = tracks.filter((track) => track.hits);
  const hits = found.reduce((sum, track) => sum + track.hits, 0);
  status.textContent = !wanted ? "" : hits ? `${count(hits, "hit")} in ${count(found.length, "track")}` : "no hits";
}

function showOnly(text) {
  find(text);
  document.getElementById("tracks").scrollIntoView();
}

/** Shows the hits in a drawn track, and hides its other parts. */
function showHits(track) {
  const inside = track.hits - track.head.hits;
  track.badge.hidden = !wanted || !track.hits;
  track.badge.textContent = count(track.hits ?? 0, "hit");
  if (!track.body.firstChild) return;
  for (const unit of track.units) {
    if (unit.kind === "head" || !unit.drawn) continue;
    unit.drawn.hidden = Boolean(wanted && inside && !unit.hits);
    if (unit.kind !== "item") continue;
    unit.badge.hidden = !wanted || !unit.hits;
    unit.badge.textContent = count(unit.hits, "hit");
    if (unit.hits && track.isOpen && !unit.drawn.open && unfolded.length < MOST_UNFOLDED) {
      unfolded.push(unit);
      unit.unfold();
    }
  }
  for (const page of track.pages) {
    page.section.hidden = Boolean(wanted && inside && !page.units.some((unit) => unit.hits));
  }
}

function markIn(root) {
  if (!wanted) return;
  for (const line of root.querySelectorAll(".row, .label")) if (!line.querySelector("mark")) markLine(line);
}

/** Marks the hits in a line. A hit across several elements gets a mark in each; only the first one is counted. */
function markLine(line) {
  const hits = matches(line.textContent).map((match) => [match.index, match.index + match[0].length]);
  if (!hits.length) return;
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let start = 0;
  for (const node of nodes) {
    const end = start + node.length;
    // From the last to the first: what is split off is behind what is still to be split.
    for (const [from, to] of hits.filter((hit) => hit[0] < end && hit[1] > start).reverse()) {
      const piece = node.splitText(Math.max(from - start, 0));
      piece.splitText(Math.min(to, end) - Math.max(from, start));
      const mark = element("mark", { class: from >= start ? "" : "more" });
      piece.replaceWith(mark);
      mark.append(piece);
    }
    start = end;
  }
}

function unmark() {
  const parents = new Set();
  for (const mark of document.querySelectorAll("mark")) {
    parents.add(mark.parentNode);
    mark.replaceWith(...mark.childNodes);
  }
  for (const parent of parents) parent.normalize();
}

/** Goes to the next hit (by = 1) or to the one before (by = -1). */
function step(by) {
  const marks = [...document.querySelectorAll("main mark:not(.more)")].filter((mark) => mark.checkVisibility?.() ?? true);
  if (!marks.length) return;
  current?.classList.remove("current");
  const from = marks.indexOf(current);
  current = marks.at(from < 0 && by < 0 ? -1 : (from + by) % marks.length);
  current.classList.add("current");
  reveal(current);
}
