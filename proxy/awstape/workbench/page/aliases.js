// Aliases: highlights all places of a chosen alias and steps through them.

const aside = document.getElementById("places");
let chosen = null; // the number of the clicked alias
let places = null; // alias → its units, once for each place
let at = -1; // the index of the shown place
let focusBefore = null; // the element that had the focus

function placesOf(alias) {
  if (!places) {
    places = cassette.aliases.map(() => []);
    for (const track of tracks) for (const unit of track.units) for (const n of unit.aliases()) places[n].push(unit);
  }
  return places[alias];
}

function light(alias, kind, root = document) {
  for (const span of root.querySelectorAll(`[data-alias="${alias}"]`)) span.classList.add(kind);
}

function dim(...kinds) {
  for (const kind of kinds) for (const span of document.querySelectorAll(`.${kind}`)) span.classList.remove(kind);
}

function choose(alias) {
  dim("chosen", "here");
  if (alias === null) focusBefore?.focus({ preventScroll: true });
  else if (chosen === null) focusBefore = document.activeElement;
  chosen = alias;
  at = -1;
  aside.hidden = alias === null;
  document.body.classList.toggle("choosing", alias !== null);
  for (const track of tracks) {
    const n = alias === null ? 0 : placesOf(alias).filter((unit) => unit.track === track).length;
    track.same.hidden = !n;
    track.same.textContent = `${n}×`;
  }
  if (alias === null) return;
  light(alias, "chosen");
  const { text, kind } = cassette.aliases[alias];
  const found = placesOf(alias);
  const summary = `${kind}, ${count(found.length, "place")} in ${count(new Set(found.map((unit) => unit.track)).size, "track")}`;
  aside.replaceChildren(
    element("p", { role: "status" }, element("code", {}, text), ` ${summary} `, element("span", { class: "position" })),
    element(
      "div",
      { class: "buttons" },
      button("Previous", () => goTo(at < 0 ? -1 : at - 1)),
      button("Next", () => goTo(at + 1)),
      button("Show only these", () => showOnly(text)),
      button("Close", () => choose(null), { "aria-keyshortcuts": "Escape" }),
    ),
  );
}

/** Shows a place of the chosen alias; unfolds everything around it. */
function goTo(place) {
  const found = placesOf(chosen);
  at = (place + found.length) % found.length;
  const unit = found[at];
  if (wanted && !unit.hits) find("");
  unit.unfold();
  const nth = at - found.indexOf(unit);
  // The head of a track with a long identity is drawn in the body of the track.
  const root = unit.kind === "head" ? unit.track.element : unit.drawn;
  const span = [...root.querySelectorAll(`.row [data-alias="${chosen}"]`)][nth];
  for (let up = span; up; up = up.parentElement?.closest("details")) if (up.tagName === "DETAILS") up.open = true;
  dim("here");
  span?.classList.add("here");
  if (span) reveal(span);
  aside.querySelector(".position").textContent = `· place ${at + 1}`;
}

/** Adds the marks of the search and of the chosen alias to newly drawn elements. */
function decorate(root) {
  markIn(root);
  if (chosen === null) return;
  light(chosen, "chosen", root);
}

const aliasAt = (event) => {
  const span = event.target.closest?.("[data-alias]");
  return span ? Number(span.dataset.alias) : null;
};

document.addEventListener("click", (event) => {
  const alias = aliasAt(event);
  if (alias === null || !event.target.closest("button, [role]")) return;
  event.preventDefault(); // so that a surrounding summary does not toggle
  choose(alias === chosen && !event.target.closest("#summary") ? null : alias);
});
for (const [over, out] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
  document.addEventListener(over, (event) => aliasAt(event) !== null && light(aliasAt(event), "lit"));
  document.addEventListener(out, (event) => aliasAt(event) !== null && dim("lit"));
}
document.addEventListener("keydown", (event) => {
  if (event.target.matches('[role="button"]') && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    event.target.click();
  } else if (event.key === "/" && event.target !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && chosen !== null) {
    choose(null);
  }
});
