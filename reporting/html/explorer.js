"use strict";
/* The explorer and the sorting of tables. Words reach the page by textContent alone. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const FONT = '15px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
  const LEVEL = 21, GAP = 16, MARGIN = 10;
  const byId = (name) => document.getElementById(name);

  sortTables();
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  const data = JSON.parse(byId("data").textContent);
  if (data.views && data.views.length) explore(data);

  function explore({ treebanks, views }) {
    const inputs = Object.fromEntries(["checkpoint", "sentence", "layer"].map((name) => [name, byId(name)]));
    const several = Object.keys(treebanks).length > 1;
    views.forEach((view, i) => addOption(inputs.checkpoint, i, several ? `${view.checkpoint} (${view.treebank})` : view.checkpoint));
    let shown = null;

    const current = () => {
      const view = views[inputs.checkpoint.value];
      const sentence = treebanks[view.treebank].sentences[inputs.sentence.value];
      return { view, sentence, recovered: view.recovered.map((layer) => layer[inputs.sentence.value]) };
    };
    const update = () => {
      const view = views[inputs.checkpoint.value];
      if (shown !== view.treebank) {
        shown = view.treebank;
        inputs.sentence.replaceChildren();
        treebanks[shown].sentences.forEach((one, i) => addOption(inputs.sentence, i, `${i + 1}. ${one.words.join(" ")}`));
      }
      inputs.layer.max = view.layers.length - 1;
      const { sentence, recovered } = current();
      const place = Math.min(inputs.layer.value, view.layers.length - 1);
      const gold = new Set(sentence.edges.map(([a, b]) => code(a, b)));
      const share = recovered.map((heads) => found(gold, heads, sentence.scored) / Math.max(gold.size, 1));
      byId("layer-name").textContent = view.layers[place] === 0 ? "0 (embeddings)" : view.layers[place];
      inputs.layer.setAttribute("aria-valuetext", `layer ${view.layers[place]}`);
      drawBars(view.layers, share, place);
      const count = found(gold, recovered[place], sentence.scored);
      byId("status").textContent = `Layer ${view.layers[place]} of ${view.checkpoint}: ${count} of ${gold.size} edges found`;
      drawTree(sentence, recovered[place], gold);
      fillTable(sentence, recovered[place]);
    };
    const step = (by) => {
      const count = inputs.sentence.options.length;
      inputs.sentence.value = (Number(inputs.sentence.value) + by + count) % count;
      update();
    };
    const drawBars = (layers, share, place) => {
      const bars = byId("bars");
      const kept = bars.contains(document.activeElement);
      bars.replaceChildren(...layers.map((layer, i) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-pressed", String(i === place));
        button.setAttribute("aria-label", `layer ${layer}: ${Math.round(100 * share[i])} %`);
        button.title = `layer ${layer}: ${Math.round(100 * share[i])} %`;
        const bar = document.createElement("i");
        bar.style.height = `${Math.round(share[i] * 60)}px`;
        button.append(bar, String(layer));
        button.addEventListener("click", () => { inputs.layer.value = i; update(); });
        return button;
      }));
      if (kept) bars.children[place].focus();
    };
    byId("controls").addEventListener("input", update);
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    byId("bars").addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      inputs.layer.value = Number(inputs.layer.value) + by;
      update();
    });
    inputs.layer.max = views[0].layers.length - 1;
    inputs.layer.value = views[0].best;
    update();
  }

  /* Opens the section that a link leads to. */
  function unfold() {
    const section = byId(decodeURIComponent(location.hash.slice(1)));
    if (section) section.querySelectorAll(":scope > details").forEach((one) => { one.open = true; });
  }

  function code(a, b) { return a < b ? `${a},${b}` : `${b},${a}`; }

  /* How many gold edges a tree has, among words that are scored. */
  function found(gold, heads, scored) {
    return heads.reduce((sum, head, word) => sum + (head >= 0 && scored[head] && scored[word] && gold.has(code(head, word)) ? 1 : 0), 0);
  }

  function drawTree(sentence, heads, gold) {
    const { words, scored } = sentence;
    const upper = sentence.edges.map(([a, b]) => edge(a, b, relationOf(sentence, a, b)));
    sentence.heads.forEach((head, word) => {
      if (head >= 0 && !(scored[head] && scored[word])) upper.push({ ...edge(head, word, sentence.relations[word]), kind: "unscored" });
    });
    const lower = heads.flatMap((head, word) => (head < 0 ? [] : [edge(head, word, "")]));
    const mine = new Set(lower.map((one) => code(one.from, one.to)));
    upper.forEach((one) => { one.kind = one.kind || (mine.has(code(one.from, one.to)) ? "correct" : "missed"); });
    lower.forEach((one) => {
      one.kind = !(scored[one.from] && scored[one.to]) ? "unscored" : gold.has(code(one.from, one.to)) ? "correct" : "spurious";
    });
    const context = document.createElement("canvas").getContext("2d");
    context.font = FONT;
    const centres = [];
    let x = MARGIN;
    words.forEach((word) => { const width = Math.max(context.measureText(word).width, 18); centres.push(x + width / 2); x += width + GAP; });
    const top = MARGIN + 14 + LEVEL * setLevels(upper);
    const base = top + 26;
    const svg = element("svg", { width: x - GAP + MARGIN, height: base + LEVEL * setLevels(lower) + 2 * MARGIN + 12 });
    [...upper].sort((a, b) => b.level - a.level).forEach((one) => {
      svg.append(element("path", { d: arc(centres, one, top, -1), class: one.kind }));
      if (one.relation && one.kind !== "unscored") svg.append(label(one.relation, (centres[one.from] + centres[one.to]) / 2, top - LEVEL * one.level - 3, "relation"));
    });
    lower.forEach((one) => svg.append(element("path", { d: arc(centres, one, base, 1), class: one.kind })));
    words.forEach((word, i) => svg.append(label(word, centres[i], top + 18, "word")));
    const root = sentence.heads.indexOf(-1), guess = heads.indexOf(-1);
    svg.append(element("path", { d: `M${centres[root]} ${top - 2}v-${LEVEL * 0.6}`, class: root === guess ? "correct" : "missed" }));
    svg.append(element("path", { d: `M${centres[guess]} ${base + 2}v${LEVEL * 0.6}`, class: root === guess ? "correct" : "spurious" }));
    const place = byId("tree");
    place.replaceChildren(svg);
    place.setAttribute("aria-label", `Gold tree above, recovered tree below: ${words.join(" ")}`);
  }

  function edge(a, b, relation) { return { from: Math.min(a, b), to: Math.max(a, b), relation }; }

  function relationOf({ heads, relations }, a, b) { return heads[b] === a ? relations[b] : heads[a] === b ? relations[a] : ""; }

  /* An arc stands one level above the highest that it spans; returns the highest level. */
  function setLevels(edges) {
    const ordered = [...edges].sort((a, b) => (a.to - a.from) - (b.to - b.from));
    ordered.forEach((one, i) => {
      const inside = ordered.slice(0, i).filter((other) => other.from < one.to && other.to > one.from);
      one.level = 1 + Math.max(0, ...inside.map((other) => other.level));
    });
    return Math.max(1, ...edges.map((one) => one.level));
  }

  function arc(centres, { from, to, level }, y, side) {
    const left = centres[from] + 3, right = centres[to] - 3, height = side * LEVEL * level, corner = Math.min(9, (right - left) / 2);
    return `M${left} ${y}V${y + height - side * corner}Q${left} ${y + height} ${left + corner} ${y + height}H${right - corner}Q${right} ${y + height} ${right} ${y + height - side * corner}V${y}`;
  }

  function fillTable({ words, heads: gold, relations }, heads) {
    const name = (head) => (head < 0 ? "(root)" : `${head + 1} ${words[head]}`);
    byId("heads").tBodies[0].replaceChildren(...words.map((word, i) => {
      const row = document.createElement("tr");
      [`${i + 1} ${word}`, name(gold[i]), relations[i], name(heads[i])].forEach((text, column) => {
        const cell = document.createElement(column ? "td" : "th");
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  }

  function label(text, x, y, kind) {
    const made = element("text", { x, y, class: kind });
    made.textContent = text;
    return made;
  }

  function addOption(select, value, text) {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = text;
    select.append(option);
  }

  function sortTables() {
    document.querySelectorAll("table.sortable thead th").forEach((heading) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => sortBy(heading));
    });
  }

  function sortBy(heading) {
    const rows = heading.closest("table").tBodies[0], column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") !== "descending";
    heading.parentElement.querySelectorAll("th").forEach((one) => one.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => { const cell = row.cells[column]; return cell.dataset.sort === undefined ? cell.textContent : Number(cell.dataset.sort); };
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    rows.append(...[...rows.rows].sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b))));
  }
})();
