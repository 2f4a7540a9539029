"use strict";
// The cassette that stands in the page as JSON, laid out as rows; `core.outline` says how the JSON is made.
// The scripts of this folder are put together as one, in the order that `awstape.html_page` names.
//
// 1. Texts come into the page as text nodes only; no style and no script is ever made of them.
// 2. A value is laid out as rows: plain objects, a line of text each, some with rows below. The same rows are searched,
//    counted and, when they are unfolded, drawn. So what the search counts is what it marks.
// 3. A row is {parts, below: rows or null, tail: parts behind them, kind}; a part {text, kind, alias}.

const cassette = JSON.parse(document.getElementById("cassette").textContent);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Scrolls to an element, again when what had not been laid out on the way is. */
function reveal(shown, block = "center") {
  const scroll = () => shown.scrollIntoView({ block });
  scroll();
  requestAnimationFrame(() => requestAnimationFrame(scroll));
}

const count = (number, noun, plural = `${noun}s`) => `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
const button = (label, click, attributes = {}) => element("button", { type: "button", click, ...attributes }, label);

// --- rows -----------------------------------------------------------------------------------------------------------
// A row: {parts, below: rows or null, tail: parts behind them, kind}. A part: {text, kind, alias}.

const part = (text, kind = "") => ({ text, kind });
const row = (parts, below = null, tail = null, kind = "") => ({ parts, below, tail, kind });

function pieces(node, kind) {
  if (typeof node === "string") return [part(node, kind)];
  return node.t.map((piece) => {
    if (typeof piece === "number") return { text: cassette.aliases[piece].text, kind: "alias", alias: piece };
    return Array.isArray(piece) ? part(piece[0], "unseen") : part(piece, kind);
  });
}

function scalar(node) {
  if (node === "") return [part('""', "nothing")];
  if (node.n) return [part(node.n, "literal")];
  if (node.l) return [part("[]", "nothing")];
  if (node.m) return [part("{}", "nothing")];
  if (node.b !== undefined) return [part(`${count(node.b, "byte")}: `, "nothing"), ...pieces(node, "value")];
  return pieces(node, "value");
}

/** The rows of a structure's members, as YAML has them. */
function memberRows(node) {
  return node.m.map(([name, value]) => valueRow([...pieces(name, "key"), part(": ", "mark")], value));
}

function valueRow(lead, node) {
  if (node.d !== undefined) return documentRow(lead, node.d, "", "document");
  if (node.l?.length) return row(lead, node.l.map(itemRow));
  if (node.m?.length) return row(lead, memberRows(node));
  return row([...lead, ...scalar(node)]);
}

function itemRow(node) {
  const dash = part("- ", "mark");
  if (!node.m?.length) return valueRow([dash], node);
  const [first, ...others] = memberRows(node);
  return first.below ? row([dash], [first, ...others]) : row([dash, ...first.parts], others.length ? others : null);
}

/** The rows of a JSON document, as JSON has them. */
function documentRow(lead, node, comma, kind = "") {
  const list = node.l ?? node.m;
  const [open, close] = node.l ? ["[", "]"] : ["{", "}"];
  if (!list) {
    const said = node.n ? [part(node.n, "literal")] : quoted(node, "string");
    return row([...lead, ...said, part(comma, "mark")]);
  }
  if (!list.length) return row([...lead, part(open + close + comma, "mark")], null, null, kind);
  const below = list.map((item, i) => {
    const end = i + 1 < list.length ? "," : "";
    if (node.l) return documentRow([], item, end);
    return documentRow([...quoted(item[0], "key"), part(": ", "mark")], item[1], end);
  });
  return row([...lead, part(open, "mark")], below, [part(close + comma, "mark")], kind);
}

const quoted = (node, kind) => [part('"', kind), ...pieces(node, kind), part('"', kind)];

function* everyRow(rows) {
  for (const each of rows) {
    yield each;
    if (each.below) yield* everyRow(each.below);
  }
}

function drawRows(rows) {
  return rows.map((each) => {
    if (!each.below) return element("div", { class: `row ${each.kind}` }, ...drawParts(each.parts));
    const end = each.tail?.map((p) => p.text).join("") ?? "";
    return element(
      "details",
      { open: true, class: `block ${each.kind}` },
      element("summary", { class: "row", "data-end": `… ${end}` }, ...drawParts(each.parts)),
      element("div", { class: "below" }, ...drawRows(each.below)),
      each.tail && element("div", { class: "tail" }, ...drawParts(each.tail)),
    );
  });
}

/** Parts of a row. Where a click is for what is around them, their aliases are no buttons. */
function drawParts(parts, isButton = true) {
  return parts.map(({ text, kind, alias }) => {
    if (alias === undefined) return element("span", { class: kind }, text);
    const role = isButton ? { role: "button", tabindex: "0" } : {};
    return element("span", { class: "alias", "data-alias": alias, ...role }, text);
  });
}
