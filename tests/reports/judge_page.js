// Facts about a page as it is shown, for tests: what sticks out, and what text cannot be read.
(() => {
  const judged = { wide: [], pale: [], texts: 0, cut: [] };
  const width = document.documentElement.clientWidth;
  const name = (element) => {
    const words = (element.textContent || "").trim().split(/\s+/).join(" ").slice(0, 40);
    return `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} "${words}"`;
  };
  const unseen = (element) => element.closest(".hidden, defs, title, desc, style") !== null;
  const scrolls = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };

  const channels = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (front, back) => {
    const mix = (one) => front[one] * front.alpha + back[one] * (1 - front.alpha);
    return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
  };
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const layer = channels(getComputedStyle(each).backgroundColor);
      if (layer.alpha) layers.push(layer);
      if (layer.alpha === 1) break;
    }
    const paper = { red: 255, green: 255, blue: 255, alpha: 1 };
    return layers.reverse().reduce((back, layer) => over(layer, back), paper);
  };
  const light = (color) => {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(color.red) + 0.7152 * part(color.green) + 0.0722 * part(color.blue);
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };

  for (const element of document.body.querySelectorAll("*")) {
    if (unseen(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1) && !scrolls(element)) judged.wide.push(name(element));
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || unseen(element)) continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const box = document.createRange();
    box.selectNodeContents(walker.currentNode);
    if (!box.getClientRects().length) continue;
    judged.texts += 1;
    const back = ground(element);
    const seen = contrast(over(channels(getComputedStyle(element).color), back), back);
    if (seen < 4.5) judged.pale.push(`${seen.toFixed(2)}: ${name(element)}`);
  }
  // What a table scrolls is not lost on a screen; on paper it is.
  for (const element of document.querySelectorAll(".scroll, pre")) {
    if (element.scrollWidth > element.clientWidth + 1) judged.cut.push(name(element));
  }
  judged.width = document.documentElement.scrollWidth;
  return judged;
})()
