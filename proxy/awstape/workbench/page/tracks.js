// Tracks and their units. A unit is hidden and shown as a whole: the head of a track, an item, the other members of a
// page. The units of a track are drawn when the track is unfolded, the rows of an item when the item is unfolded.

class Unit {
  constructor(track, rows, kind) {
    this.track = track;
    this.makeRows = rows;
    this.kind = kind; // head, rest, item
    this.hits = 0;
    this.drawn = null; // its element
  }

  get rows() {
    return (this.madeRows ??= this.makeRows());
  }

  get text() {
    return (this.madeText ??= [...everyRow(this.rows)].map((r) => r.parts.map((p) => p.text).join("")).join("\n"));
  }

  *aliases() {
    for (const each of everyRow(this.rows)) for (const { alias } of each.parts) if (alias !== undefined) yield alias;
  }

  unfold() {
    this.track.unfold();
    if (this.kind === "item" && !this.drawn.open) {
      this.fill();
      this.drawn.open = true;
    }
  }

  fill() {
    if (this.kind !== "item" || this.drawn.children.length > 1) return;
    const body = element("div", { class: "rows" }, ...drawRows(this.rows));
    this.drawn.append(body);
    decorate(body);
  }
}

class Track {
  constructor(data, number) {
    Object.assign(this, data, { number });
    this.isOpen = false;
    this.head = new Unit(this, () => [row([part(data.operation)]), ...this.identityRows()], "head");
    this.isShort = this.identityRows().every((r) => !r.below && r.parts.reduce((n, p) => n + p.text.length, 0) < 140);
    this.pages = data.takes.flatMap((take) => take.pages);
    this.units = [this.head];
    for (const page of this.pages) {
      page.units = [];
      if (page.rest.m.length) page.units.push((page.others = new Unit(this, () => memberRows(page.rest), "rest")));
      for (const list of page.lists ?? []) {
        list.units = list[1].map((item) => new Unit(this, () => itemRows(item), "item"));
        list.units.forEach((unit, i) => (unit.item = list[1][i]));
        page.units.push(...list.units);
      }
      this.units.push(...page.units);
    }
    this.element = this.drawFolded();
  }

  identityRows() {
    return memberRows(this.identity);
  }

  drawFolded() {
    const id = `track-${this.number}`;
    const items = this.pages.reduce((sum, page) => sum + (page.count ?? 0), 0);
    const counts = [this.takes.length > 1 && count(this.takes.length, "take"), count(this.pages.length, "page")];
    if (this.paged) counts.push(count(items, "item"));
    this.toggle = button("", () => (this.isOpen ? this.fold() : this.unfold()), {
      "aria-expanded": "false",
      "aria-controls": `${id}-body`,
    });
    this.toggle.append(element("span", { class: "row" }, element("span", { class: "operation" }, this.operation)));
    this.badge = element("span", { class: "badge", hidden: true });
    this.same = element("span", { class: "badge same", hidden: true });
    const identity = element("div", { class: "identity" });
    if (this.isShort) identity.append(...drawRows(this.identityRows()));
    else identity.append(element("span", { class: "label" }, ...drawParts(shortened(this.identityRows()), false)));
    this.body = element("div", { class: "body", id: `${id}-body`, hidden: true });
    const header = element(
      "header",
      {},
      element("h3", {}, this.toggle),
      identity,
      element("div", { class: "counts" }, this.badge, this.same, this.drawEnds(), counts.filter(Boolean).join(" · ")),
    );
    this.head.drawn = header;
    return element("article", { class: "track", id, "aria-label": this.operation }, header, this.body);
  }

  /** Tags of a folded track: its region and caller, incomplete ends, faults. */
  drawEnds() {
    const ends = new Set(this.takes.map((take) => take.end));
    ends.delete("complete");
    const words = [...ends].map((end) => element("span", { class: `tag ${end}` }, end));
    for (const word of [this.caller, this.region]) if (word) words.unshift(element("span", { class: "tag" }, word));
    if (this.takes.some((take) => take.faults.length)) words.push(element("span", { class: "tag unfinished" }, "faults"));
    return element("span", { class: "tags" }, ...words);
  }

  unfold() {
    if (this.isOpen) return;
    this.isOpen = true;
    if (!this.body.firstChild) this.body.append(...this.drawBody());
    this.body.hidden = false;
    this.toggle.setAttribute("aria-expanded", "true");
    showHits(this);
    decorate(this.element);
  }

  fold() {
    this.isOpen = false;
    this.body.hidden = true;
    this.toggle.setAttribute("aria-expanded", "false");
  }

  drawBody() {
    const parts = this.isShort ? [] : [drawIdentity(this)];
    this.takes.forEach((take, i) => {
      if (this.takes.length > 1) parts.push(element("h4", {}, `Take ${i + 1}`));
      if (take.after) parts.push(element("p", { class: "fault" }, take.after));
      for (const fault of take.faults) parts.push(element("p", { class: "fault" }, `fault in a replay: ${fault}`));
      parts.push(drawChain(this, take), ...take.pages.map((page, n) => drawPage(this, page, n)));
    });
    const units = this.units.filter((unit) => unit.kind === "item");
    if (units.length > 1) {
      const unfold = () => units.forEach((unit) => !unit.drawn.hidden && unit.unfold());
      const fold = () => units.forEach((unit) => (unit.drawn.open = false));
      const buttons = [button("Unfold items", unfold), button("Fold items", fold)];
      parts.unshift(element("div", { class: "buttons items" }, ...buttons));
    }
    return parts;
  }
}

function itemRows({ value }) {
  return value.m?.length ? memberRows(value) : [valueRow([], value)];
}

/** All rows joined into one line, cut after some parts. */
function shortened(rows) {
  const parts = [];
  for (const each of everyRow(rows)) {
    parts.push(...each.parts, part(" "));
    if (parts.length > 24) return [...parts.slice(0, 24), part("…", "mark")];
  }
  return parts;
}

function drawIdentity(track) {
  return element("section", { class: "page" }, element("h4", { class: "part" }, "Identity"), ...drawRows(track.identityRows()));
}

function drawChain(track, take) {
  const chain = element("ol", { class: "chain", "aria-label": "Pages" });
  take.pages.forEach((page, i) => {
    if (i) chain.append(drawArrow(page.token));
    const isEmpty = track.paged && page.count === 0;
    const kind = page.error ? "error" : isEmpty ? "empty" : "";
    const label = page.error ? page.error.split(" ")[0] : track.paged ? page.count.toLocaleString("en") : "1";
    const noun = page.error ? "error" : !track.paged ? "response" : isEmpty ? "empty" : page.count === 1 ? "item" : "items";
    const box = button("", () => reveal(page.section, "start"), { class: kind });
    box.append(element("b", {}, label), element("span", {}, noun));
    const below = [track.paged && `page ${i + 1}`, page.limit && `limit ${page.limit}`].filter(Boolean);
    chain.append(element("li", { class: "box" }, box, ...below.map((line) => element("small", {}, line))));
  });
  if (take.end === "unfinished") chain.append(drawArrow(take.beyond));
  const ends = { complete: "complete", error: take.pages.at(-1).error ?? "error", unfinished: "unfinished" };
  chain.append(element("li", { class: `end ${take.end}` }, element("span", {}, ends[take.end])));
  return chain;
}

const drawArrow = (token) => element("li", { class: "arrow" }, element("code", { title: token }, token));

function drawPage(track, page, number) {
  page.section = element("section", { class: `page ${page.error ? "failed" : ""}` });
  if (track.paged || page.error) {
    const heading = track.takes.length > 1 ? "h5" : "h4";
    page.section.append(element(heading, { class: "part" }, page.error ? "Error" : `Page ${number + 1}`));
  } else if (!page.units.length) {
    page.section.append(element("p", { class: "list" }, "A response without members"));
  }
  for (const name of page.unmodelled) {
    page.section.append(element("p", { class: "fault" }, `a member unknown to the service model: ${name}`));
  }
  for (const list of page.lists ?? []) {
    if (page.lists.length > 1 || !list.units.length) {
      const heading = list.units.length ? `${list[0]}: ${list.units.length}` : `${list[0]}: none`;
      page.section.append(element("p", { class: "list" }, heading));
    }
    page.section.append(...list.units.map(drawItem));
  }
  if (page.others) {
    const isFew = track.paged && !page.error && page.others.rows.length <= 3; // such as a token
    const kind = isFew ? "rows few" : "rows";
    page.others.drawn = element("div", { class: kind }, ...drawRows(page.others.rows));
    page.section.append(page.others.drawn);
  }
  return page.section;
}

/** The ARN of an item, for the line with its name. */
function drawArn({ name, value }) {
  const isArn = (text) => String(text.t?.[0] ?? text).startsWith("arn:");
  const arn = value.m?.find(([, text], i) => i !== name && isArn(text));
  return arn && element("span", { class: "digest" }, ...drawParts(pieces(arn[1], ""), false));
}

function drawItem(unit) {
  const { name, value } = unit.item;
  const label = name == null ? shortened(itemRows(unit.item)) : scalar(value.m[name][1]);
  const badge = element("span", { class: "badge", hidden: true });
  const kind = name == null ? null : element("span", { class: "member" }, ...drawParts(pieces(value.m[name][0], ""), false));
  const summary = element("summary", { click: () => unit.fill() }, element("span", { class: "label" }, ...drawParts(label, false)), kind, badge, drawArn(unit.item));
  unit.badge = badge;
  unit.drawn = element("details", { class: "item" }, summary);
  return unit.drawn;
}
