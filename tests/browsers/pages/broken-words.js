(() => {
  const broken = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, around = text.parentElement;
    if (around.closest("pre, code, a, style, script, noscript") || !around.checkVisibility()) continue;
    for (const word of text.data.matchAll(/(?<=^|[\s(])[A-Za-z]{2,20}(?=$|[\s.,;:)!?])/g)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter(one => one.width);
      if (new Set(boxes.map(one => Math.round(one.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
})()
