/* Trees as arcs over and under their words, as the page brings their layout with it; an arc is [start, end, level]. */

/* The heads of a tree, as the page has them: a character for each, the first of these for the root. */
const HEADS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~!*()[]{}|:;,@#$%+=";
function headsOf(tree) { return typeof tree === "string" ? [...tree].map((one) => HEADS.indexOf(one) - 1) : tree; }

/* Arcs of a tree over the words of a sentence, where drawings in notebooks have them. */
function layOutArcs({ centres, reach }, heads) {
  const marks = heads.map((head, word) => [head < 0 ? word : head, word]);
  const way = centres.length > 1 && centres[0] > centres[centres.length - 1] ? -1 : 1;
  const ports = arcPorts(marks), levels = arcLevels(marks);
  return marks.map((mark, i) => [...mark.map((word, side) => Math.round(centres[word] + way * ports[i][side] * reach[word])), levels[i]]);
}

/* From 1: shorter arcs below the longer ones that cover them, each as low as that allows, the line at a root above all. */
function arcLevels(marks) {
  const spans = marks.map(([a, b]) => [Math.min(a, b), Math.max(a, b)]), levels = marks.map(() => 0), placed = [];
  const order = spans.map((_, i) => i).sort((i, j) => (spans[i][1] - spans[i][0]) - (spans[j][1] - spans[j][0]) || spans[i][0] - spans[j][0]);
  order.filter((i) => spans[i][0] < spans[i][1]).forEach((i) => {
    const [left, right] = spans[i];
    levels[i] = 1 + Math.max(0, ...placed.filter(([a, b]) => a < right && b > left).map((one) => one[2]));
    placed.push([left, right, levels[i]]);
  });
  const highest = Math.max(0, ...levels);
  return levels.map((level) => level || highest + 1);
}

/* Where each arc meets its words, from -1 to 1: leftward ones on the left, short ones first, the root, rightward ones, long ones first. */
function arcPorts(marks) {
  const ends = marks.map(() => []), ports = marks.map(() => [0, 0]);
  marks.forEach(([a, b], i) => {
    ends[a].push([Number(b > a), a === b ? Infinity : a - b, i]);
    if (a !== b) ends[b].push([Number(a > b), b - a, i]);
  });
  ends.forEach((met, word) => {
    met.sort((one, other) => one[0] - other[0] || (one[1] === other[1] ? one[2] - other[2] : one[1] - other[1]));
    met.forEach(([, , i], place) => marks[i].forEach((end, side) => { if (end === word) ports[i][side] = 2 * (place + 1) / (met.length + 1) - 1; }));
  });
  return ports;
}

function edgeCode(a, b) { return a < b ? `${a},${b}` : `${b},${a}`; }

/* How many gold edges a tree has, among words that are scored. */
function foundEdges(gold, heads, scored) {
  return heads.reduce((sum, head, word) => sum + (head >= 0 && scored[head] && scored[word] && gold.has(edgeCode(head, word)) ? 1 : 0), 0);
}

/* A bar for each layer, as high as the share of gold edges that it recovers; `choose` is called with the one pressed. */
function drawBars(bars, layers, share, chosen, choose) {
  const kept = bars.contains(document.activeElement);
  bars.replaceChildren(...layers.map((layer, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(i === chosen));
    button.setAttribute("aria-label", `layer ${layer}: ${Math.round(100 * share[i])} %`);
    button.title = `layer ${layer}: ${Math.round(100 * share[i])} %`;
    const bar = document.createElement("i");
    bar.style.height = `${Math.round(share[i] * 60)}px`;
    button.append(bar, String(layer));
    button.addEventListener("click", () => choose(i));
    return button;
  }));
  if (kept) bars.children[chosen].focus();
}

/* Paints a recovered tree below the words and the gold tree above them; where there is no gold tree, it is above. */
function drawTrees(place, screen, sentence, recovered) {
  const { words, scored, relations, edges } = sentence, { font, level, label: small, margin, side } = screen;
  const compared = sentence.heads.length > 0, root = sentence.heads.indexOf(-1);
  const mine = new Set(recovered.heads.map((head, word) => edgeCode(head < 0 ? word : head, word)));
  const truth = new Set([...edges.map(([a, b]) => edgeCode(a, b)), edgeCode(root, root)]);
  const kindOf = (head, word, other, kind) => {
    const from = head < 0 ? word : head;
    if (!(scored[from] && scored[word])) return "unscored";
    return !compared ? "plain" : other.has(edgeCode(from, word)) ? "correct" : kind;
  };
  const nameOf = (head) => (head < 0 ? "(root)" : words[head]);
  const heightOf = (tree) => small + level * Math.max(1, ...tree.map((one) => one[2]));
  const top = margin + heightOf(compared ? sentence.arcs : recovered.arcs), base = top + font + 10;
  const end = base + (compared ? heightOf(recovered.arcs) : 0), full = sentence.width + 2 * margin + side;
  const svg = element("svg", { width: full, height: end + margin, viewBox: `${-margin - side} 0 ${full} ${end + margin}` });
  sentence.heads.forEach((head, word) => svg.append(arcOf(screen, sentence.arcs[word], top, -1, {
    kind: kindOf(head, word, mine, "missed"), text: sentence.labels[word], hover: `gold: ${nameOf(head)} → ${words[word]} (${relations[word]})` })));
  recovered.heads.forEach((head, word) => svg.append(arcOf(screen, recovered.arcs[word], compared ? base : top, compared ? 1 : -1, {
    kind: kindOf(head, word, truth, "spurious"), hover: `recovered: ${nameOf(head)} → ${words[word]}` })));
  words.forEach((word, i) => svg.append(textAt(word, sentence.centres[i], top + font + 2, "word")));
  const sides = compared ? [["gold", (margin + top) / 2], ["recovered", (base + end) / 2]] : [["recovered", (margin + top) / 2]];
  sides.forEach(([name, y]) => {
    const made = textAt(name, 0, 0, "side");
    made.setAttribute("transform", `translate(${small - side} ${y}) rotate(-90)`);
    svg.append(made);
  });
  place.replaceChildren(svg);
  place.setAttribute("aria-label", `${compared ? "Gold tree above, recovered tree below" : "Recovered tree"}: ${words.join(" ")}`);
}

function arcOf({ level, corner, tip }, [start, end, height], base, way, { kind, text, hover }) {
  const top = base + way * level * height;
  const bend = Math.min(corner, Math.abs(end - start) / 2), across = Math.sign(end - start) * bend, down = -way * bend;
  const line = start === end ? `M${end} ${top}V${base}`
    : `M${start} ${base}V${top + down}Q${start} ${top} ${start + across} ${top}H${end - across}Q${end} ${top} ${end} ${top + down}V${base}`;
  const group = element("g", { class: start === end ? `root ${kind}` : kind });
  group.append(element("path", { d: line }));
  group.append(element("path", { d: `M${end} ${base}l${-0.43 * tip} ${way * tip}h${0.86 * tip}z`, class: "tip" }));
  const shown = element("title", {});
  shown.textContent = kind === "plain" ? hover : `${hover}: ${kind}`;
  group.append(shown);
  if (text) group.append(textAt(text, (start + end) / 2, top - 3, "relation"));
  return group;
}

function textAt(text, x, y, kind) {
  const made = element("text", { x, y, class: kind });
  made.textContent = text;
  return made;
}

