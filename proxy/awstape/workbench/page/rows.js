"use strict";
// The cassette, embedded as JSON (described in `core.view.annotated_view`), and its layout as rows.
// The scripts of this folder are joined into one, in the order given by `workbench.html_page`.
//
// 1. Texts become text nodes only, never styles or scripts.
// 2. A value becomes rows: plain objects, one line of text each, some with rows below. The same rows are searched,
//    counted and, when unfolded, drawn. So the search marks exactly what it counts.
// 3. A row is {parts, below: rows or null, tail: parts behind them, kind}; a part {text, kind, alias}.

const cassette = JSON.parse(document.getElementById("cassette").textContent);

function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") created.addEventListener(name, value);
    else if (value === true) created.setAttribute(name, "");
    else if (value !== false && value != null) created.setAttribute(name, value);
  }
  created.append(...children.filter((child) => child != null));
  return created;
}

/** Scrolls to an element, and again after the layout of elements on the way. */
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

/** The rows of a structure's members, in the form of YAML. */
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

/** The rows of a JSON document, in the form of JSON. */
function documentRow(lead, node, comma, kind = "") {
  const list = node.l ?? node.m;
  const [open, close] = node.l ? ["[", "]"] : ["{", "}"];
  if (!list) {
    const text = node.n ? [part(node.n, "literal")] : quoted(node, "string");
    return row([...lead, ...text, part(comma, "mark")]);
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

/** Draws the parts of a row. isButton: whether aliases are buttons; inside other clickable elements they are not. */
function drawParts(parts, isButton = true) {
  return parts.map(({ text, kind, alias }) => {
    if (alias === undefined) return element("span", { class: kind }, text);
    const role = isButton ? { role: "button", tabindex: "0" } : {};
    return element("span", { class: "alias", "data-alias": alias, ...role }, text);
  });
}
