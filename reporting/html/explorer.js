/* The explorer and the sorting of tables. Words reach the page by textContent alone. */
(() => {
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
      drawTree(sentence, recovered[place], view.arcs[place][inputs.sentence.value], gold);
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

  /* Paints the layout that the page brings with it; an arc is [start, end, level]. */
  function drawTree(sentence, heads, arcs, gold) {
    const { words, scored, relations } = sentence;
    const { font, level, label: small, margin, side } = data.screen;
    const root = sentence.heads.indexOf(-1);
    const mine = new Set(heads.map((head, word) => code(head < 0 ? word : head, word)));
    const truth = new Set([...gold, code(root, root)]);
    const kindOf = (head, word, other, kind) => {
      const from = head < 0 ? word : head;
      return !(scored[from] && scored[word]) ? "unscored" : other.has(code(from, word)) ? "correct" : kind;
    };
    const heightOf = (tree) => small + level * Math.max(1, ...tree.map((one) => one[2]));
    const top = margin + heightOf(sentence.arcs), base = top + font + 10, end = base + heightOf(arcs);
    const svg = sized(sentence.width, end + margin);
    sentence.heads.forEach((head, word) => drawArc(svg, sentence.arcs[word], top, -1, {
      kind: kindOf(head, word, mine, "missed"), text: sentence.labels[word], hover: `gold: ${nameOf(head, words)} → ${words[word]} (${relations[word]})` }));
    heads.forEach((head, word) => drawArc(svg, arcs[word], base, 1, {
      kind: kindOf(head, word, truth, "spurious"), hover: `recovered: ${nameOf(head, words)} → ${words[word]}` }));
    words.forEach((word, i) => svg.append(label(word, sentence.centres[i], top + font + 2, "word")));
    [["gold", (margin + top) / 2], ["recovered", (base + end) / 2]].forEach(([name, y]) => {
      const made = label(name, 0, 0, "side");
      made.setAttribute("transform", `translate(${small - side} ${y}) rotate(-90)`);
      svg.append(made);
    });
    const place = byId("tree");
    place.replaceChildren(svg);
    place.setAttribute("aria-label", `Gold tree above, recovered tree below: ${words.join(" ")}`);
  }

  /* An empty drawing with space at its left for the names of the trees. */
  function sized(width, height) {
    const { margin, side } = data.screen, full = width + 2 * margin + side;
    return element("svg", { width: full, height, viewBox: `${-margin - side} 0 ${full} ${height}` });
  }

  function nameOf(head, words) { return head < 0 ? "(root)" : words[head]; }

  function drawArc(svg, [start, end, height], base, way, { kind, text, hover }) {
    const { level, corner, tip } = data.screen, top = base + way * level * height;
    const bend = Math.min(corner, Math.abs(end - start) / 2), across = Math.sign(end - start) * bend, down = -way * bend;
    const line = start === end ? `M${end} ${top}V${base}`
      : `M${start} ${base}V${top + down}Q${start} ${top} ${start + across} ${top}H${end - across}Q${end} ${top} ${end} ${top + down}V${base}`;
    const group = element("g", { class: start === end ? `root ${kind}` : kind });
    group.append(element("path", { d: line }));
    group.append(element("path", { d: `M${end} ${base}l${-0.43 * tip} ${way * tip}h${0.86 * tip}z`, class: "tip" }));
    const shown = element("title", {});
    shown.textContent = `${hover}: ${kind}`;
    group.append(shown);
    if (text) group.append(label(text, (start + end) / 2, top - 3, "relation"));
    svg.append(group);
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

  function label(text, x, y, kind) {
    const made = element("text", { x, y, class: kind });
    made.textContent = text;
    return made;
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
