// The timeline: tables with a column for each stretch between two writes, and a row for each track whose answer changed.
// `core.view.timeline` says what is known of the order. A table has few columns, so that it fits a window: tracks that
// follow other writes are in the next one.

const MOST_WRITES = 6; // columns of a table, unless a single track needs more
const MOST_LANES = 40; // rows of a table
const MOST_TABLES = 4; // tables of a cassette that are drawn at once
const MOST_TAKES = 3; // takes of a track between two writes; of more, the first and the last are drawn
const MOST_NAMED = 8; // writes without a place that are named

function timelineSummary() {
  const sum = (number) => cassette.timelines.reduce((total, each) => total + number(each), 0);
  const changed = count(sum((each) => each.lanes.length), "track");
  return `${changed} with several answers, ${count(sum((each) => each.writes.length), "write")} between them`;
}

function drawTimeline(timeline) {
  const tables = divideLanes(timeline.lanes);
  const story = element("div", { class: "story" });
  if (cassette.timelines.length > 1) story.append(element("h3", {}, timeline.file));
  const notes = element("p", { class: "note" }, timelineNotes(timeline).join(" "));
  const draw = (some) => some.forEach((each) => notes.before(drawTable(timeline, each)));
  story.append(notes);
  draw(tables.slice(0, MOST_TABLES));
  const rest = tables.slice(MOST_TABLES);
  if (rest.length) {
    const left = rest.reduce((sum, { lanes }) => sum + lanes.length, 0);
    const more = button(`Show ${count(left, "more track")}`, () => (draw(rest), more.remove()), { class: "link" });
    story.append(more);
  }
  return story;
}

/** Divides lanes, in their order, into tables: {lanes, epochs: those of their columns}. */
function divideLanes(lanes) {
  const tables = [];
  for (const lane of lanes) {
    const last = tables.at(-1);
    const epochs = new Set([0, ...(last?.epochs ?? []), ...lane[2]]);
    if (last && last.lanes.length < MOST_LANES && epochs.size <= MOST_WRITES + 1) {
      last.lanes.push(lane);
      last.epochs = epochs;
    } else tables.push({ lanes: [lane], epochs: new Set([0, ...lane[2]]) });
  }
  return tables.map(({ lanes, epochs }) => ({ lanes, epochs: [...epochs].sort((a, b) => a - b) }));
}

function drawTable({ file, writes }, { lanes, epochs }) {
  const heads = epochs.map((epoch) => (epoch ? drawWrite(writes[epoch - 1], epoch) : element("th", { scope: "col" }, "at first")));
  const title = "What was read before and after which write";
  const table = element(
    "table",
    { class: "timeline" },
    element("caption", { class: "unseen-text" }, title),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Track"), ...heads)),
    element("tbody", {}, ...lanes.map((lane) => drawLane(lane, epochs, writes))),
  );
  return element("div", { class: "lanes", role: "group", tabindex: "0", "aria-label": `${title}: ${file}` }, table);
}

/** What the table leaves out, in words. */
function timelineNotes({ writes, unmoved, silent }) {
  const notes = [];
  if (writes.length > 1) notes.push("The answers show the order of the writes. Where they don't, writes are sorted by name.");
  if (unmoved) notes.push(`${count(unmoved, "other track")} had one answer.`);
  if (silent.length) {
    const names = silent.slice(0, MOST_NAMED).map((number) => tracks[number].operation);
    const more = silent.length > names.length ? ` and ${silent.length - names.length} more` : "";
    notes.push(`${count(silent.length, "write")} changed no recorded answer: ${names.join(", ")}${more}.`);
  }
  return notes;
}

function drawWrite({ operation, label, take, track, here }, number) {
  const repeated = take > 1 ? ` (take ${take})` : "";
  const name = track == null ? element("span", {}, operation) : button(operation, () => openTrack(track), { class: "link" });
  const where = here ? null : element("small", {}, track == null ? "not on this page" : `in ${tracks[track].file}`);
  return element(
    "th",
    { scope: "col", class: "write" },
    element("small", {}, element("span", { class: "unseen-text" }, "after "), `write ${number}${repeated}`),
    name,
    element("span", { class: "label" }, ...drawParts(pieces(label, ""), false)),
    where,
  );
}

function drawLane([number, label, lane], epochs, writes) {
  const track = tracks[number];
  const head = element(
    "th",
    { scope: "row" },
    button(track.operation, () => openTrack(number), { class: "link" }),
    element("span", { class: "label" }, ...drawParts(pieces(label, ""), false)),
    ...[track.caller, track.region].filter(Boolean).map((word) => element("span", { class: "tag" }, word)),
  );
  const [first, last] = [Math.min(...lane), Math.max(...lane)];
  const cells = epochs.map((epoch) => {
    const takes = lane.flatMap((each, i) => (each === epoch ? [i] : []));
    // A line joins the takes: the answer stands until the next one, and after the last one nothing is known.
    const line = [epoch > first && epoch <= last && "from", epoch >= first && epoch < last && "on"];
    const pills = takes.map((i) => drawTake(track, number, i, epoch, writes));
    if (pills.length > MOST_TAKES) pills.splice(1, pills.length - 2, element("span", { class: "left-out" }, `${pills.length - 2} more`));
    return element("td", { class: line.filter(Boolean).join(" ") }, ...pills);
  });
  return element("tr", {}, head, ...cells);
}

function drawTake(track, number, i, epoch, writes) {
  const take = track.takes[i];
  const items = take.pages.reduce((sum, page) => sum + (page.count ?? 0), 0);
  const error = take.pages.at(-1).error;
  const answer = error ?? (track.paged ? count(items, "item") : "answer");
  const ending = take.end === "unfinished" ? ", unfinished" : "";
  const when = epoch ? `after write ${epoch}, ${writes[epoch - 1].operation}` : "before any write that changed it";
  const title = `${track.operation}, take ${i + 1} of ${track.takes.length}, ${when}: ${answer}${ending}`;
  const label = error ? error.replace(/^\d+ /, "") : answer;
  const pill = button("", () => openTrack(number), { class: `take ${take.end}`, title, "aria-label": title });
  pill.append(element("b", {}, String(i + 1)), label);
  return pill;
}

function openTrack(number) {
  tracks[number].unfold();
  reveal(tracks[number].element, "start");
  tracks[number].toggle.focus({ preventScroll: true });
}
