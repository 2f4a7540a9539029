// The summary above the tracks, event handlers, and the start of the page.

function drawSummary() {
  const { counts, keys } = cassette;
  const figures = [
    [counts.tracks, "track"],
    [counts.pages, "page"],
    [counts.items, "item"],
    [counts.retaken, "later take"],
    [counts.empty, "empty page"],
    [counts.errors, "error"],
    [counts.unfinished, "unfinished", "unfinished"],
  ];
  const always = 3;
  const list = element("ul", { class: "figures" });
  figures.forEach(([n, noun, plural = `${noun}s`], i) => {
    if (n || i < always) list.append(element("li", {}, element("b", {}, n.toLocaleString("en")), n === 1 ? noun : plural));
  });
  const key = keys.length ? ["Aliases made under the key ", element("code", {}, keys.join(", "))] : ["The cassette names no key"];
  const kinds = new Map();
  const byPlaces = cassette.aliases.map((alias, i) => [alias, i]).sort(([a], [b]) => b.places - a.places);
  byPlaces.forEach(([alias, i]) => alias.places && kinds.set(alias.kind, [...(kinds.get(alias.kind) ?? []), i]));
  const sorted = [...kinds].sort((a, b) => b[1].length - a[1].length || a[0].localeCompare(b[0]));
  const warnings = cassette.findings.filter(([, level]) => level === "warning").length;
  const numbers = [[cassette.findings.length - warnings, "finding"], [warnings, "warning"]].filter(([n]) => n);
  const kept = cassette.kept.reduce((sum, [, found]) => sum + found.length, 0);
  document.getElementById("summary").append(
    section("What awstape check finds", numbers.map(([n, noun]) => count(n, noun)).join(", ") || "0 findings", drawFindings, true),
    ...(kept ? [section("Values that look real and are kept", count(kept, "value"), () => cassette.kept.map(drawKept), true)] : []),
    section("Texts that are no aliases and not public", count(cassette.texts.length, "text"), () => [drawTexts(cassette.texts)], true),
    list,
    element("p", { class: "key" }, ...key),
    ...(cassette.timelines.length ? [section("Timeline", timelineSummary(), () => cassette.timelines.map(drawTimeline), true)] : []),
    section("Aliases", sorted.map(([kind, numbers]) => `${kind} ${numbers.length}`).join(", ") || "none", () =>
      sorted.map(([kind, numbers]) => drawKind(kind, numbers)),
    ),
  );
}

/** A section of the summary; its body is drawn when it is opened. */
function section(title, summaryText, draw, isOpen = false) {
  const body = element("div", { class: "table" });
  const click = () => body.firstChild || body.append(...draw());
  const summary = element("summary", { click }, element("h2", {}, title), element("span", {}, summaryText));
  if (isOpen) click();
  return element("details", { open: isOpen }, summary, body);
}

function drawFindings() {
  const lines = cassette.findings.map(([place, level, message]) =>
    element("li", { class: level }, element("code", {}, place), level === "warning" ? " warning: " : " ", message),
  );
  return lines.length ? [element("ul", { class: "findings" }, ...lines)] : [];
}

function drawKind(kind, numbers) {
  const sum = numbers.reduce((n, i) => n + cassette.aliases[i].places, 0);
  const chips = numbers.map((i) =>
    button("", () => {}, { class: "alias", "data-alias": i, "aria-label": cassette.aliases[i].text }),
  );
  chips.forEach((chip, n) => {
    const { text, places: at } = cassette.aliases[numbers[n]];
    chip.append(text, element("small", {}, ` ${at}×`));
  });
  const summary = `${numbers.length.toLocaleString("en")} in ${count(sum, "place")}`;
  return element("dl", {}, element("dt", {}, kind, element("small", {}, summary)), element("dd", {}, ...chips));
}

/** A list of texts: each with the number of its places, the first of them, and a button that finds it. */
function drawTexts(found) {
  const lines = found.map(([node, n, where]) => {
    const text = pieces(node).map((piece) => piece.text).join("").trim();
    const findButton = button("Find", () => showOnly(text.split("\n")[0].slice(0, 200)), { class: "link" });
    const times = element("small", {}, ` ${n > 1 ? `${n}× ` : ""}${where}`);
    return element("li", {}, element("span", { class: "readable" }, ...drawParts(pieces(node, "value"))), times, " ", findButton);
  });
  return element("ul", { class: "texts" }, ...lines);
}

function drawKept([heading, found]) {
  return element("dl", {}, element("dt", {}, heading), element("dd", {}, drawTexts(found)));
}

const tracks = cassette.tracks.map((data, i) => new Track(data, i + 1));

function drawTracks() {
  const main = document.getElementById("tracks");
  const heading = ({ file, service }) => (file === null ? service : `${file}: ${service}`);
  for (const name of new Set(tracks.map(heading))) {
    const own = tracks.filter((track) => heading(track) === name);
    const title = element("h2", {}, name, element("span", {}, count(own.length, "track")));
    main.append(element("section", {}, title, ...own.map((track) => track.element)));
  }
  if (!tracks.length) main.append(element("p", { class: "none" }, "The cassette holds no tracks."));
}

function openNamed() {
  const track = tracks[Number(location.hash.match(/^#track-(\d+)$/)?.[1]) - 1];
  track?.unfold();
  track?.element.scrollIntoView();
}

let timer = 0;
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => find(search.value), 120);
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
  if (event.key === "Escape") find("");
});
document.getElementById("unfold").addEventListener("click", (event) => {
  for (const track of tracks) {
    track.unfold();
    if (event.shiftKey) track.units.forEach((unit) => unit.kind === "item" && unit.unfold());
  }
});
document.getElementById("fold").addEventListener("click", () => tracks.forEach((track) => track.fold()));
addEventListener("hashchange", openNamed);
drawSummary();
drawTracks();
openNamed();
