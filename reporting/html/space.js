/* Words as points of three dimensions with a tree between them, seen by a camera that several drawings may share. */

const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;

/* A camera: turned by dragging and by keys, or turning by itself; it tells those who look through it. */
function makeCamera() {
  const camera = { yaw: 0.6, pitch: 0.35, zoom: 1, turning: false, watchers: [] };
  camera.changed = () => camera.watchers.forEach((draw) => draw());
  camera.by = (yaw, pitch) => {
    camera.yaw += yaw;
    camera.pitch = Math.max(-1.5, Math.min(1.5, camera.pitch + pitch));
    camera.changed();
  };
  camera.turn = (on) => {
    if (on && !camera.turning) requestAnimationFrame((start) => frame(camera, start));
    camera.turning = on;
  };
  const frame = (one, last) => requestAnimationFrame((now) => {
    if (!one.turning) return;
    one.by(Math.min(now - last, 100) * 0.00045, 0);
    frame(one, now);
  });
  return camera;
}

/* A drawing of words in a place. `show` gives it points, (words, 3) within the unit ball, and edges [a, b, kind]. */
function makeSpace(place, camera, words, onTouch) {
  const WIDTH = 460, HEIGHT = 380, SCALE = 150, FAR = 3.2;
  const svg = element("svg", { viewBox: `${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}`, tabindex: 0, role: "img" });
  const lines = element("g", {}), dots = element("g", {});
  const marks = words.map((word) => {
    const group = element("g", { class: "point" });
    const text = element("text", { x: 7, y: -6 });
    text.textContent = word;
    group.append(element("circle", { r: 3.6 }), text);
    dots.append(group);
    return group;
  });
  svg.append(lines, dots);
  place.replaceChildren(svg);
  let points = [], edges = [];

  const draw = () => {
    const [sy, cy, sp, cp] = [Math.sin(camera.yaw), Math.cos(camera.yaw), Math.sin(camera.pitch), Math.cos(camera.pitch)];
    const seen = points.map(([x, y, z]) => {
      const across = cy * x + sy * z, away = cy * z - sy * x;
      const up = cp * y + sp * away, depth = cp * away - sp * y, near = camera.zoom * FAR / (FAR + depth);
      return [across * near * SCALE, -up * near * SCALE, depth];
    });
    seen.forEach(([x, y, depth], i) => {
      marks[i].setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      marks[i].setAttribute("opacity", (0.85 - 0.35 * depth).toFixed(2));
    });
    edges.forEach(([a, b], i) => {
      const line = lines.children[i];
      [["x1", seen[a][0]], ["y1", seen[a][1]], ["x2", seen[b][0]], ["y2", seen[b][1]]].forEach(([name, value]) => line.setAttribute(name, value.toFixed(1)));
    });
  };
  camera.watchers.push(draw);

  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; svg.setPointerCapture(event.pointerId); onTouch(); });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    camera.by((event.clientX - held[0]) * 0.01, (event.clientY - held[1]) * 0.01);
    held = [event.clientX, event.clientY];
  });
  ["pointerup", "pointercancel"].forEach((name) => svg.addEventListener(name, () => { held = null; }));
  svg.addEventListener("keydown", (event) => {
    const turn = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] }[event.key];
    const zoom = { "+": 1.15, "=": 1.15, "-": 1 / 1.15 }[event.key];
    if (!turn && !zoom) return;
    event.preventDefault();
    onTouch();
    if (zoom) camera.zoom = Math.max(0.4, Math.min(4, camera.zoom * zoom));
    camera.by(...(turn || [0, 0]));
  });
  return {
    svg,
    marks,
    show(where, tree) {
      points = where;
      if (tree !== edges) {
        edges = tree;
        lines.replaceChildren(...edges.map(([, , kind]) => element("line", { class: kind })));
      }
      draw();
    },
  };
}

/* Points between two spaces: 0 is the first, 1 the second. */
function between(first, second, part) {
  return first.map((point, i) => point.map((value, axis) => (1 - part) * value + part * second[i][axis]));
}

/* A slider with a button that moves it to its other end in a second and a half. */
function playable(slider, button) {
  button.addEventListener("click", () => {
    const from = Number(slider.value), to = from < 0.5 ? 1 : 0, begun = performance.now();
    const step = (now) => {
      const part = STILL ? 1 : Math.min(1, (now - begun) / 1500);
      slider.value = from + (to - from) * part * part * (3 - 2 * part);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

function turnButton(button, camera) {
  const tell = () => { button.setAttribute("aria-pressed", String(camera.turning)); button.textContent = camera.turning ? "Stop turning" : "Turn"; };
  button.addEventListener("click", () => { camera.turn(!camera.turning); tell(); });
  camera.turn(!STILL);
  tell();
  return () => { camera.turn(false); tell(); };
}

