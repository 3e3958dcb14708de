// Texts that overlap, leave the page, are cut off or hard to read: a list of sentences.
(() => {
  const found = [];
  const round = (box) => [box.left, box.top, box.right, box.bottom].map(Math.round).join(",");
  const clip = (box, by) => ({
    left: Math.max(box.left, by.left), right: Math.min(box.right, by.right),
    top: Math.max(box.top, by.top), bottom: Math.min(box.bottom, by.bottom),
  });
  const area = (box) => Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);

  // What is seen of a text: what no ancestor cuts off.
  function seen(node, box) {
    let rest = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    for (let at = node.parentElement; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "none" || style.visibility === "hidden") return null;
      const cuts = style.overflowX !== "visible" || style.clipPath !== "none";
      if (cuts && at !== document.documentElement && at !== document.body && !(at instanceof SVGElement))
        rest = clip(rest, at.getBoundingClientRect());
    }
    return area(rest) > 1 ? rest : null;
  }

  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.data.trim() || node.parentElement.closest("title, script, style, noscript, option")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const visible = area(box) && seen(node, box);
      if (visible) texts.push({ text: node.data.trim().slice(0, 40), box: visible, node });
    }
  }

  // Nothing beyond the page.
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    found.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} > ${width}`);
  for (const box of document.querySelectorAll(".scroll"))
    if (box.scrollWidth > box.clientWidth)
      found.push(`a table is wider than its box: ${box.scrollWidth} > ${box.clientWidth}`);
  for (const { text, box } of texts)
    if (box.right > width + 1 || box.left < -1) found.push(`"${text}" leaves the page: ${round(box)}`);

  // No text upon another; sorted by their tops, so that only neighbours are compared.
  texts.sort((a, b) => a.box.top - b.box.top);
  texts.forEach((a, index) => {
    for (const b of texts.slice(index + 1)) {
      if (b.box.top >= a.box.bottom) break;
      if (a.node === b.node) continue; // what an ellipsis stands for
      const both = clip(a.box, b.box);
      if (both.right - both.left > 1.5 && both.bottom - both.top > 3.5)
        found.push(`"${a.text}" and "${b.text}" overlap: ${round(a.box)} ${round(b.box)}`);
    }
  });

  // No label of the treemap beyond its area.
  for (const text of document.querySelectorAll(".map text")) {
    const box = text.getBoundingClientRect();
    if (!area(box)) continue;
    const around = text.parentElement.querySelector(":scope > rect").getBoundingClientRect();
    if (box.right > around.right + 0.5 || box.bottom > around.bottom + 1)
      found.push(`the label "${text.textContent}" is cut off: ${round(box)} of ${round(around)}`);
  }

  // Contrast of every text with what is behind it, WCAG 2.
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at instanceof SVGSVGElement) {
        const fill = at.querySelector(":scope > rect.s");
        if (fill && element.closest(".map text")) return channels(getComputedStyle(fill).fill);
      }
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const told = new Set();
  for (const { text, node } of texts) {
    const element = node.parentElement;
    const style = getComputedStyle(element);
    const ink = channels(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const what = `${style.color} on ${behind(element)}`;
    if (contrast < 4.5 && !told.has(what)) {
      told.add(what);
      found.push(`"${text}" has a contrast of ${contrast.toFixed(2)}: ${what}`);
    }
  }

  if (document.documentElement.textContent.includes("\u202e")) found.push("U+202E is in the page");
  if (document.querySelector("[style], [onclick], [onload], [onerror]")) found.push("inline style or script");
  return found.slice(0, 20);
})();
