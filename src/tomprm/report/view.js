"use strict";
// Draws the rows in #data. Every text from the data goes through textContent: nothing in it becomes markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const app = document.getElementById("app"), tip = document.getElementById("tip");
  const STATUS = {
    supported: ["✓", "supported"], contradicted: ["✗", "contradicted"],
    uncheckable: ["?", "uncheckable"], no_claim: ["–", "no claim"],
  };
  const PLACES = ["#cfe3f7", "#fbe0bf", "#e2d5f2", "#cdeeea", "#f6d3e4", "#e9e5bd", "#d9dde3", "#c6cff5"];
  const ROOMS = ["#b9cfe8", "#ecd3a4", "#c4dfc2", "#dbc5e6", "#ecc4c0", "#b8dfe2"];
  const NEUTRAL = "#dfe3e8";
  const MARKS = {
    acts: "acts", sees: "sees it", secret: "sees it in secret", seems: "only seems to see it",
    trusts: "hears and believes it", doubts: "hears and does not believe it",
  };

  const TALK = { ...MARKS, acts: "speaks", sees: "hears it" };
  const words = (story) => story.rooms.some((room) => room.name === "the conversation") ? TALK : MARKS;

  function el(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else if (key === "fill") node.style.setProperty("--fill", value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }
  const classes = (...names) => names.filter(Boolean).join(" ");
  const icon = (status) => el("span", { class: "icon", "aria-hidden": "true" }, (STATUS[status] || STATUS.no_claim)[0]);
  const badge = (status, word) => el("span", { class: "badge " + status }, icon(status), word || STATUS[status][1]);
  // "green_treasure_chest" may break after its underscores.
  const breaking = (text) => text.split(/(?<=_)/).flatMap((part) => [part, el("wbr")]);

  // Long ids of one file begin alike and differ at their end.
  const ending = (text) => text.length > 21 ? "…" + text.slice(-18) : text;

  // -- marks of the lanes ----------------------------------------------------------------------
  function svg(shape, size = 14) {
    const NS = "http://www.w3.org/2000/svg";
    const root = document.createElementNS(NS, "svg");
    const set = (node, props) => Object.entries(props).forEach(([k, v]) => node.setAttribute(k, v));
    set(root, { width: size, height: size, viewBox: "0 0 14 14", "aria-hidden": "true" });
    const add = (tag, props) => { const node = document.createElementNS(NS, tag); set(node, props); root.append(node); };
    const ring = { cx: 7, cy: 7, r: 4, fill: "#fff", stroke: "#1c1f23", "stroke-width": 1.6 };
    if (shape === "acts") add("path", { d: "M7 .6l1.9 4.2 4.6.5-3.4 3.1.9 4.5L7 10.6 3 12.9l.9-4.5L.5 5.3l4.6-.5z", fill: "#1c1f23", stroke: "#fff", "stroke-width": .6 });
    else if (shape === "sees" || shape === "trusts") add("circle", { ...ring, fill: "#1c1f23", stroke: "#fff", "stroke-width": .6 });
    else if (shape === "secret") { add("circle", ring); add("circle", { cx: 7, cy: 7, r: 1.9, fill: "#1c1f23" }); }
    else if (shape === "seems") add("circle", ring);
    else if (shape === "doubts") { add("circle", ring); add("path", { d: "M3.6 10.4L10.4 3.6", stroke: "#1c1f23", "stroke-width": 1.6 }); }
    root.classList.add(shape === "acts" ? "act" : "watch");
    return root;
  }

  // -- header ------------------------------------------------------------------------------------
  function fact(name, value, detail) {
    return el("div", {}, el("dt", {}, name), el("dd", {}, value, detail ? el("small", {}, detail) : null));
  }
  function header(row) {
    const parts = [row.source, row.id, row.error === undefined ? "order " + row.order : ""].filter(Boolean);
    const at = data.rows.indexOf(row);
    const go = (step, label, word) => el("button", { type: "button", disabled: !data.rows[at + step], "aria-label": word, title: word,
      on: { click: () => show(at + step) } }, label);
    const where = el("div", { class: "where soft small" }, parts.join(" · "),
      data.rows.length > 1 && el("span", {}, `row ${row.number} of ${data.name}`),
      data.rows.length > 1 && el("span", { class: "steps-nav" }, go(-1, "‹", "previous row"), go(1, "›", "next row")));
    const head = el("header", { class: "head" }, where);
    if (row.error !== undefined) {
      head.append(el("div", { class: "top" }, el("h1", {}, row.question || "A row without a question"),
        el("span", { class: "headline bad" }, "Not checked")), el("p", { class: "note" }, row.error));
      return head;
    }
    head.append(el("div", { class: "top" }, el("h1", {}, row.question), el("span", { class: "headline " + row.tone }, row.headline)));
    const { text, gold, engine, status } = row.answer;
    const facts = el("dl", { class: "facts" });
    const right = row.right === null ? "uncheckable" : row.right ? "supported" : "contradicted";
    facts.append(fact("answer", el("span", {}, el("b", {}, text === null ? "none" : text), " ",
      badge(right, row.right === null ? "no gold answer" : row.right ? "right" : "wrong")),
      "gold: " + (gold === null ? "not given" : gold) + (engine === null || engine === gold ? "" : `; the engine says ${engine}`)));
    for (const [name, value, detail] of row.numbers) facts.append(fact(name, value, detail));
    facts.append(fact("first error", row.first_error === null ? "none"
      : el("a", { href: "#step-" + row.first_error, on: { click: (e) => { e.preventDefault(); pin({ step: row.first_error }, true); } } }, "step " + row.first_error)));
    if (row.rewards) facts.append(fact("reward", row.rewards.total, row.rewards.parts.map((p) => p.join(" ")).join(" · ")));
    head.append(facts);
    if (row.obligations.length) {
      head.append(el("ul", { class: "due", "aria-label": "obligations" }, el("li", { class: "soft" }, "A sound argument establishes:"),
        row.obligations.map(([what, met]) => el("li", { class: "chip " + (met ? "supported" : "contradicted") },
          icon(met ? "supported" : "contradicted"), " ", what, el("span", { class: "off" }, met ? " (established)" : " (not established)")))));
    }
    return head;
  }

  // -- the story ---------------------------------------------------------------------------------
  function chainName(label) {
    if (!label.length) return ["really"];
    return label.flatMap((name, i) => [i ? " › " : "", name]);
  }
  function cellTitle(story, person, cell) {
    const [room, mark, acts] = cell, said = [];
    if (room >= 0) said.push("in the " + story.rooms[room].name.replace(/^the /, ""));
    if (acts) said.push(words(story).acts);
    if (mark) said.push(words(story)[mark]);
    return said.length ? person.name + ": " + said.join("; ") : "";
  }
  function roomFill(story, index) {
    if (story.rooms[index].neutral) return NEUTRAL;
    const real = story.rooms.slice(0, index).filter((room) => !room.neutral).length;
    return ROOMS[real % ROOMS.length];
  }
  function legend(story) {
    const used = new Set(story.lines.flatMap((line) => line.cells.flatMap(([, mark, acts]) => [mark, acts ? "acts" : ""])));
    const items = story.rooms.map((room, i) => el("li", {}, el("span", { class: "swatch", fill: roomFill(story, i) }), "in the " + room.name.replace(/^the /, "")));
    const both = used.has("sees") && used.has("trusts");
    for (const [mark, what] of Object.entries(words(story))) {
      const word = both && mark === "sees" ? "sees it, or hears and believes it" : what;
      if (used.has(mark) && !(both && mark === "trusts")) items.push(el("li", {}, svg(mark, 13), " " + word));
    }
    return el("ul", { class: "legend" }, items);
  }
  function storyPane(row) {
    const story = row.story, people = story.people;
    const pane = el("section", { class: "pane", "aria-label": "story" }, el("div", { class: "h" }, el("h2", {}, "Who is there, who sees it, who believes what")));
    if (story.note) pane.append(el("p", { class: "note" }, "The engine gives no answer here: " + story.note + "."));
    const list = legend(story);
    pane.append(list);
    if (story.prose) pane.append(el("div", { class: "prose", tabindex: "0", role: "region", "aria-label": "the story as written" }, story.prose));
    if (!story.lines.length) return pane;
    const table = el("table", { class: classes("story hide-extra", story.columns.length < 4 && "roomy") });
    if (story.columns.some((column) => column.extra) && story.columns.length > 4) {
      const box = el("input", { type: "checkbox", on: { change: () => table.classList.toggle("hide-extra", !box.checked) } });
      list.append(el("li", {}, el("label", {}, box, " inner beliefs too")));
    } else table.classList.remove("hide-extra");
    const refs = new Map();
    row.steps.forEach((step, i) => step.lines.forEach((n) => refs.set(n, [...(refs.get(n) || []), i + 1])));
    const head = el("tr", {}, el("th", { scope: "col", class: "n" }, el("span", { class: "off" }, "line")),
      el("th", { scope: "col" }, "story"),
      people.map((person) => el("th", { scope: "col", class: classes("lane", person.asked && "asked") }, el("span", {}, person.name))),
      story.columns.length ? el("td", { class: "gap" }) : null,
      story.columns.map((column) => el("th", { scope: "col", class: classes("belief", column.asked && "asked", column.extra && "extra") },
        chainName(column.label), el("small", {}, column.asked ? "asked for" : column.label.length ? "thinks" : "the world"))));
    head.querySelector(".gap")?.replaceWith(el("th", { class: "gap" }, el("span", { class: "off" }, "beliefs")));
    const body = el("tbody");
    const valueFill = (value) => PLACES[story.values.indexOf(value) % PLACES.length];
    story.lines.forEach((line, r) => {
      const marks = (refs.get(line.n) || []).map((i) => stepRef(row, i));
      const said = el("button", { type: "button", "aria-pressed": "false" }, line.text, marks.length ? el("span", { class: "refs" }, marks) : null);
      const tr = el("tr", { class: classes("row", line.about && "about", line.idle && "idle", story.asked === line.n && "moment"), id: "line-" + line.n, "data-line": line.n,
        on: { click: () => pin({ line: line.n }), mouseenter: () => light({ line: line.n }), mouseleave: () => light(null),
          focusin: () => light({ line: line.n }), focusout: () => light(null) } },
        el("td", { class: "n" }, String(line.n)), el("td", { class: "text" }, said));
      people.forEach((person, p) => {
        const cell = line.cells[p], [room, mark, acts] = cell, title = cellTitle(story, person, cell);
        const before = story.lines[r - 1]?.cells[p][0] ?? -1, after = story.lines[r + 1]?.cells[p][0] ?? -1;
        const td = el("td", { class: classes("lane", person.asked && "asked", room >= 0 && room !== before && "starts", room >= 0 && room !== after && "ends"),
          title: title || null, fill: room >= 0 ? roomFill(story, room) : null });
        if (acts || mark) td.append(svg(acts ? "acts" : mark));
        if (title) td.append(el("span", { class: "off" }, title));
        tr.append(td);
      });
      if (story.columns.length) tr.append(el("td", { class: "gap" }));
      for (const column of story.columns) {
        const span = column.spans.find((s) => s.row === r);
        if (!span) continue;
        const known = span.value !== null;
        tr.append(el("td", { rowspan: span.rows, title: span.why, fill: known ? valueFill(span.value) : null,
          class: classes("belief", column.asked && "asked", column.extra && "extra", !known && "unknown", span === column.spans.at(-1) && "last") },
          known ? el("span", { class: "v" }, breaking(span.value)) : "–", known ? null : el("span", { class: "off" }, "no belief")));
      }
      body.append(tr);
    });
    table.append(el("thead", {}, head), body);
    pane.append(table);
    if (story.asked !== null) pane.append(el("p", { class: "soft small" }, `The question is about the moment after line ${story.asked}.`));
    return pane;
  }
  function stepRef(row, i) {
    const status = row.steps[i - 1].status;
    return el("span", { class: "ref " + status, title: `step ${i}: ${STATUS[status][1]}` }, STATUS[status][0] + i);
  }

  // -- the trace ---------------------------------------------------------------------------------
  function reason(claim) {
    const detail = el("div", {}, el("q", {}, claim.text || ""), " ");
    if (claim.error) detail.append(el("span", { class: "kind" }, claim.error), " ");
    detail.append(el("br"));
    if (claim.status === "contradicted") detail.append("claimed ", el("b", {}, claim.claimed || "–"), ", expected ", el("b", {}, claim.expected || "–"), ": ");
    detail.append(claim.reason || "");
    return el("div", { class: "reason " + claim.status }, icon(claim.status), detail);
  }
  function reasons(step) {
    if (step.claims.length) return step.claims.map(reason);
    const text = step.score === null ? "This step makes no claim that the checker reads." : "Judged as a whole; there are no single claims.";
    return [el("div", { class: "reason " + step.status }, icon(step.status), el("div", {}, text))];
  }
  function stepCard(row, step, i) {
    const lines = step.lines.map((n) => el("span", { class: "ref no_claim", title: "line " + n + " of the story" }, "line " + n));
    const score = step.score !== null && step.score !== 0 && step.score !== 1 ? ` ${step.score.toFixed(2)}` : "";
    const main = el("button", { type: "button", "aria-pressed": "false", "aria-describedby": `why-${i}` },
      el("span", { class: "no" }, String(i)), el("span", { class: "words" }, step.pieces.map(([text, status]) => status ? el("span", { class: status }, text) : text)),
      el("span", { class: "side" }, badge(step.status, STATUS[step.status][1] + score),
        lines.length ? el("span", { class: "refs" }, lines) : null));
    const wrong = step.claims.filter((claim) => claim.status === "contradicted");
    const always = el("div", { class: "why short" }, wrong.map(reason));
    const full = el("div", { class: "why full", id: `why-${i}`, hidden: true }, reasons(step));
    const card = el("li", { class: "step " + step.status, id: "step-" + i, "data-step": i, "data-status": step.status,
      on: { mouseenter: () => { light({ step: i }); point(card, step); }, mouseleave: () => { light(null); tip.hidden = true; },
        focusin: () => { light({ step: i }); point(card, step); }, focusout: () => { light(null); tip.hidden = true; } } }, main, wrong.length ? always : null, full);
    main.addEventListener("click", () => pin({ step: i }));
    return card;
  }
  function point(card, step) {
    // The reasons beside the step, unless they stand open in it.
    if (card.classList.contains("pinned")) return;
    tip.replaceChildren(...reasons(step));
    tip.hidden = false;
    const at = card.getBoundingClientRect(), size = tip.getBoundingClientRect();
    const beside = at.left - size.width - 8;
    const left = beside > 8 ? beside : Math.max(8, Math.min(at.left + 12, innerWidth - size.width - 8));
    let top = beside > 8 ? at.top : at.bottom + 6;
    if (top + size.height > innerHeight - 8) top = beside > 8 ? innerHeight - size.height - 8 : at.top - size.height - 6;
    tip.style.left = left + "px";
    tip.style.top = Math.max(8, top) + "px";
  }
  function tracePane(row) {
    const counts = Object.keys(STATUS).map((status) => [status, row.steps.filter((step) => step.status === status).length]).filter(([, n]) => n);
    const pane = el("section", { class: "pane", "aria-label": "trace" }, el("div", { class: "h" }, el("h2", {}, "The reasoning, step by step")),
      el("ul", { class: "legend" }, counts.map(([status, n]) => el("li", {}, badge(status, `${n} ${STATUS[status][1]}`)))));
    const list = el("ol", { class: "trace" });
    for (const part of row.parts) {
      if (typeof part === "number") list.append(stepCard(row, row.steps[part], part + 1));
      else list.append(el("li", { class: "between" }, part));
    }
    pane.append(list);
    const { text, status, gold } = row.answer;
    if (STATUS[status]) pane.append(el("p", { class: "final " + status }, badge(status, status === "supported" ? "the story supports the answer" : status === "contradicted" ? "the story contradicts the answer" : "answer: " + STATUS[status][1]),
      text === null ? null : el("span", {}, " ", el("b", {}, text)), status === "contradicted" && gold !== null ? `, not ${gold}` : ""));
    return pane;
  }

  // -- steps and lines light each other ------------------------------------------------------------
  let current = null, pinned = null;
  function related(target) {
    if (!target || !current || current.error !== undefined) return { steps: [], lines: [] };
    if (target.step) return { steps: [target.step], lines: current.steps[target.step - 1].lines };
    const steps = current.steps.flatMap((step, i) => step.lines.includes(target.line) ? [i + 1] : []);
    return { steps, lines: [target.line] };
  }
  function mark(name, target) {
    document.querySelectorAll("#row ." + name).forEach((node) => node.classList.remove(name));
    const { steps, lines } = related(target);
    steps.forEach((i) => document.getElementById("step-" + i)?.classList.add(name));
    lines.forEach((n) => document.getElementById("line-" + n)?.classList.add(name));
    return { steps, lines };
  }
  const light = (target) => mark("lit", target);
  function pin(target, moveFocus) {
    const same = pinned && !moveFocus && target && pinned.step === target.step && pinned.line === target.line;
    pinned = same ? null : target;
    const { steps, lines } = mark("pinned", pinned);
    tip.hidden = true;
    document.querySelectorAll("#row [aria-pressed]").forEach((node) => node.setAttribute("aria-pressed", "false"));
    document.querySelectorAll(".why.full").forEach((node) => { node.hidden = true; });
    document.querySelectorAll(".why.short").forEach((node) => { node.hidden = false; });
    if (!pinned) return;
    const own = document.getElementById(pinned.step ? "step-" + pinned.step : "line-" + pinned.line);
    own?.querySelector("button").setAttribute("aria-pressed", "true");
    if (pinned.step) {
      own.querySelector(".why.full").hidden = false;
      const short = own.querySelector(".why.short");
      if (short) short.hidden = true;
      if (moveFocus) own.querySelector("button").focus();
      tip.hidden = true;
    }
    const far = pinned.step ? lines.map((n) => "line-" + n) : steps.map((i) => "step-" + i);
    // Where both panes are in sight, bring the other end into view; on a narrow page that would jump away.
    if (far.length && matchMedia("(min-width: 1081px)").matches) document.getElementById(far[0])?.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!tip.hidden) tip.hidden = true;
    else pin(null);
  });

  // -- rows ------------------------------------------------------------------------------------------
  const group = (row) => row.error !== undefined ? "unchecked" : (row.right === null ? "open" : row.right ? "right" : "wrong") + (row.sound ? " sound" : " unsound");
  let filter = null;
  const nav = el("nav", { "aria-label": "rows" });
  function drawNav() {
    const count = (name) => data.rows.filter((row) => group(row) === name).length;
    const toggle = (name, word, wide) => el("button", { type: "button", class: wide ? "wide" : null, disabled: !count(name), "aria-pressed": String(filter === name),
      "aria-label": `only ${word}: ${count(name)} rows`, on: { click: () => { filter = filter === name ? null : name; drawNav(); } } },
      wide ? `${word}: ${count(name)}` : el("b", {}, String(count(name))));
    const boxes = el("div", { class: "filters", role: "group", "aria-label": "filter" },
      el("span"), el("span", {}, "sound"), el("span", {}, "unsound"),
      el("span", {}, "right"), toggle("right sound", "right and sound"), toggle("right unsound", "right and unsound"),
      el("span", {}, "wrong"), toggle("wrong sound", "wrong and sound"), toggle("wrong unsound", "wrong and unsound"));
    for (const [name, word] of [["open sound", "no gold, sound"], ["open unsound", "no gold, unsound"], ["unchecked", "not checked"]])
      if (count(name)) boxes.append(toggle(name, word, true));
    const list = el("ol");
    data.rows.forEach((row, i) => {
      if (filter !== null && group(row) !== filter) return;
      const bad = row.error !== undefined;
      const answer = bad ? "uncheckable" : row.right === null ? "uncheckable" : row.right ? "supported" : "contradicted";
      list.append(el("li", {}, el("button", { type: "button", "data-row": row.number, "data-group": group(row), "aria-current": String(row === current), title: `${row.id}: ${bad ? row.error : row.headline}`, on: { click: () => show(i) } },
        el("span", { class: "name" }, el("span", { class: answer }, icon(answer)), " " + ending(row.id || "row " + row.number)),
        el("span", { class: "q" }, bad ? "not checked: " + row.error : (row.sound ? "sound · " : "unsound · ") + row.question))));
    });
    nav.replaceChildren(el("h2", {}, `${data.rows.length} rows`), boxes,
      filter === null ? "" : el("button", { type: "button", class: "small soft", on: { click: () => { filter = null; drawNav(); } } }, "show all"), list);
  }
  const main = el("main", { id: "row" });
  function show(index) {
    current = data.rows[index];
    pinned = null;
    tip.hidden = true;
    main.replaceChildren(header(current));
    if (current.error !== undefined) {
      const raw = (name, text) => text ? [el("h2", {}, name), el("pre", { class: "raw" }, text)] : [];
      main.append(el("div", { class: "panes" }, el("section", { class: "pane" }, raw("Story", current.story)), el("section", { class: "pane" }, raw("Trace", current.trace))));
    } else {
      main.append(el("div", { class: "panes" }, storyPane(current), tracePane(current)));
      const heads = main.querySelector("thead");  // labels of long stretches stay below it while one scrolls
      if (heads) main.querySelector(".pane").style.setProperty("--head", heads.offsetHeight + "px");
    }
    if (data.rows.length > 1) {
      drawNav();
      nav.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
      history.replaceState(null, "", "#row-" + current.number);
    }
  }
  function fromAddress() {
    const [, number] = /^#row-(\d+)$/.exec(location.hash) || [];
    return Math.max(0, data.rows.findIndex((row) => String(row.number) === number));
  }
  if (data.rows.length > 1) { app.classList.add("many"); app.append(nav); }
  app.append(main);
  addEventListener("hashchange", () => show(fromAddress()));
  show(fromAddress());
  document.documentElement.dataset.ready = "true";
})();
